"""`bookingd`, or `python -m bookingd`."""

from bookingd.cli import main

if __name__ == "__main__":
    main()
