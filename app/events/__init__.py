"""What open pages are told at once: a short log of events per person, written in the transaction of each change and read by `streams`."""
