"""An answer "no" that says why."""


class Refusal(int):
    """What a method returns that cannot do what it is asked now: ``False``, with the reason.

    It counts as false, equals ``False``, and shows its reason where a notebook shows a cell's value.

    Parameters
    ----------
    reason : str
        A sentence.

    Examples
    --------
    >>> answer = Refusal("Nothing is running that could be paused.")
    >>> answer
    False: Nothing is running that could be paused.
    >>> bool(answer), answer == False
    (False, True)
    """

    def __new__(cls, reason):
        """Make one."""
        self = super().__new__(cls, 0)
        self.reason = reason
        return self

    def __getnewargs__(self):
        return (self.reason,)

    def __repr__(self):
        return f"False: {self.reason}"
