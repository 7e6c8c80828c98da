"""`python -m clockpizza` is `clockpizza`."""

from clockpizza.cli import main

raise SystemExit(main())
