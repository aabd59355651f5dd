"""`python -m sipctl` is `sipctl`."""

from sipctl.main import main

if __name__ == "__main__":
    main()
