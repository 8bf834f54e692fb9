"""`python -m cleanse` is `cleanse`."""

from cleanse.cli import main

main()
