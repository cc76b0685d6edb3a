"""The privileged helper: Jackfield's own nftables table. Standard library only, so that little runs with rights."""
