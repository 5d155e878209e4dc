"""`python -m stq` is `stq`."""

from stq.cli import main

if __name__ == "__main__":
    main()
