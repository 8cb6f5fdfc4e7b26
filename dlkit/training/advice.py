"""A sentence of advice that also says, for programs, which arguments to change and to what."""


class Advice(str):
    """A sentence; ``change`` holds the arguments that it names, with their new values.

    Parameters
    ----------
    text : str
        The sentence.
    change : dict, optional
        Argument → new value: of a `TrainingConfig` (``learning_rate``, ``epochs``, …), of the
        model (``units``: how many times as many, ``activation``, ``dropout_rate``,
        ``kernel_initializer``, ``bias_initializer``, ``kernel_regularizer``), or what to do with the data (``data``: ``"scale"`` or ``"check"``). Empty
        where nobody can know the value.
    """

    def __new__(cls, text, change=None):
        made = super().__new__(cls, text)
        made.change = dict(change or {})
        return made
