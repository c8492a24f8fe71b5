"""LibreOffice kept running: a desk of workers that confined processes reach, and the cold call beside it."""
