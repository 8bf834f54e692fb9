"""`python -m cleanse` is `cleanse`. It listens for Ctrl-C before it imports anything that takes time."""

from cleanse.interrupts import leave_on_interrupt


def start() -> None:
    """Run the command line in a process of its own."""
    with leave_on_interrupt(own_process=True):
        from cleanse.cli import main

        main()


if __name__ == "__main__":
    start()
