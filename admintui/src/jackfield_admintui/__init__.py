"""The console of Jackfield: everything that an administrator does, in a terminal."""
