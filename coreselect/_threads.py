"""Threads: several for large work, each with linear algebra on one; else one alone."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

# Smallest number of operations for which two threads are faster. With fewer, they wait
# for each other longer than they work (much longer on a busy machine).
_WORTH_SHARING = 5e7
_WIDTH = 100  # landmarks, centres or queries that rows are multiplied with, as a rule


@cache
def _libraries():
    """Return the thread pools of linear algebra; finding them takes milliseconds."""
    import scipy.linalg  # noqa: F401 (which brings its own)

    return ThreadpoolController().select(user_api="blas")


class _Inside:
    """Counts users of `one_blas_thread`: the first sets the limit, the last lifts it.

    Otherwise, limits that overlap in time would be restored in the wrong order.
    """

    lock = Lock()
    count = 0
    limit = None


@contextmanager
def one_blas_thread():
    """Limit linear algebra to one thread, in the whole process."""
    with _Inside.lock:
        if _Inside.count == 0:
            _Inside.limit = _libraries().limit(limits=1)
        _Inside.count += 1
    try:
        yield
    finally:
        with _Inside.lock:
            _Inside.count -= 1
            if _Inside.count == 0:
                _Inside.limit.restore_original_limits()


def threads_for(rows, *, pairs=False, width=_WIDTH):
    """Return a context in which small products run on one thread of linear algebra.

    Small means the size of a product over all rows: of the rows with each other if
    `pairs` is true, else of their Gram matrix, or of one of `width` columns if that is
    larger. No result depends on the number of
    threads; this only saves time. Entering the context costs about 30 microseconds.
    """
    if pairs:
        size = rows.n_rows**2 * rows.n_features
    else:
        size = rows.n_rows * max(rows.n_features, width) ** 2
    return one_blas_thread() if 2.0 * size < _WORTH_SHARING else nullcontext()


def count_threads(n_jobs=None):
    """Return how many threads to use.

    Parameters
    ----------
    n_jobs : int, optional
        None: as many as linear algebra may use (``OMP_NUM_THREADS``,
        `threadpoolctl.threadpool_limits`). Negative: counted from that number, so -1 is
        all of them.
    """
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    counts = [library.num_threads for library in _libraries().lib_controllers]
    available = max(counts, default=1)
    return available if n_jobs is None else max(1, available + 1 + int(n_jobs))


def run_rounds(work, rounds, n_threads):
    """Call ``work(*job)`` for all jobs: rounds in order, the jobs of a round at once.

    Parameters
    ----------
    work : callable
        Compiled code that releases the interpreter's lock, and matrix products.
    rounds : list of list of tuple
        No two jobs of a round write to the same place.
    n_threads : int
    """
    with one_blas_thread():
        if n_threads == 1:
            for jobs in rounds:
                for job in jobs:
                    work(*job)
            return
        with ThreadPoolExecutor(n_threads) as pool:
            for jobs in rounds:
                # A list, so that errors come out, and the round ends here.
                list(pool.map(lambda job: work(*job), jobs))


def run_chunks(work, n, size):
    """Call ``work(start, stop)`` for parts of `n` rows, on several threads.

    Parameters
    ----------
    work : callable
        Writes results for its rows only.
    n, size : int
        Number of rows, and of rows per part.
    """
    jobs = [(start, min(start + size, n)) for start in range(0, n, size)]
    if len(jobs) < 2:  # not worth the threads
        for job in jobs:
            work(*job)
        return
    run_rounds(work, [jobs], min(count_threads(), len(jobs)))


def tournament(n):
    """Return rounds in which each of `n` players meets every other one once.

    Parameters
    ----------
    n : int
        An even number.

    Returns
    -------
    list of list of tuple of int
        Pairs ``(a, b)`` with a < b; no player is in two pairs of a round.
    """
    # The circle method: the first player stays, all others move on by one place.
    players = list(range(n))
    rounds = []
    for _ in range(n - 1):
        pairs = zip(players[: n // 2], reversed(players[n // 2 :]), strict=True)
        rounds.append([(min(pair), max(pair)) for pair in pairs])
        players.insert(1, players.pop())
    return rounds
