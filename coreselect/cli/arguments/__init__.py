"""The arguments of every command, a module each; see `coreselect.cli.parsers`."""
