"""`python -m kafkalab`: the command line (`cli`)."""

import sys

from kafkalab.cli import main

sys.exit(main())
