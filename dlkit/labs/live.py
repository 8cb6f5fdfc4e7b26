"""A lab whose picture moves while a thread of its own computes."""

import contextlib
import time

from dlkit.display.lab import Lab

_SENTENCE_SECONDS = 0.5


class LiveLab(Lab):
    """Base of a lab that is drawn from another thread: seldom enough, and never twice at once."""

    frame_seconds = 1 / 12  # ten a second reach the page, also when a chunk ends late

    def prepare(self):
        self._drawn = self._spoken = 0.0

    def _frame_is_due(self, now):
        return now - self._drawn >= self.frame_seconds

    def _draw_frame(self):
        """Draw curves from the training thread, unless another thread is drawing just now."""
        with self._brush() as free:
            if not free:
                return
            self._drawn = time.perf_counter()
            speak = self._drawn - self._spoken >= _SENTENCE_SECONDS
            self._spoken = self._drawn if speak else self._spoken
            self.draw(speak=speak)

    @contextlib.contextmanager
    def _brush(self):
        """Give whether this thread may draw now: no other draws, and the lab is open."""
        free = self._drawing.acquire(blocking=False)
        try:
            yield free and not self._closed
        finally:
            if free:
                self._drawing.release()
