"""`python -m fuzzer`."""

from processes import ending

if __name__ == "__main__":
    ending.listen("fuzzer")
    from fuzzer.cli import main  # now, for signals come while that is imported, too

    main()
