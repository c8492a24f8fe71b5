"""Pure decisions and frozen types: no input, no output, no clock."""
