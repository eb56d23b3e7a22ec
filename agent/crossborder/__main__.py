"""`python -m crossborder`."""

from crossborder.cli import main

if __name__ == "__main__":
    main()
