"""The sync protocol and its client: how a profile and HQ come to hold the same truth."""
