"""What every part of the package uses: argument validation, threads, console, files, compilation."""
