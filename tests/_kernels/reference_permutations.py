"""The keyed permutation, step by step in Python's own integers."""

WORD = 2**64


def function(half, key, size):
    mixed = (half ^ key) * 0xBF58476D1CE4E5B9 % WORD
    mixed = (mixed ^ (mixed >> 32)) * 0x94D049BB133111EB % WORD
    return ((mixed >> 32) * size) >> 32


def permute(positions, n, low, high, keys):
    found = []
    for number in map(int, positions):
        number = _round_trip(number, low, high, list(map(int, keys)))
        while number >= n:
            number = _round_trip(number, low, high, list(map(int, keys)))
        found.append(number)
    return found


def _round_trip(number, low, high, keys):
    upper, lower = divmod(number, low)
    for first, second in zip(keys[::2], keys[1::2], strict=True):
        upper = (upper + function(lower, first, high)) % high
        lower = (lower + function(upper, second, low)) % low
    return upper * low + lower


def walk(n, size, cycles, n_rounds):
    """Rounds without replacement from whole cycles, written out over the whole row.

    `cycles` are permutations of ``range(n)``. Each cycle after the first lets the rows
    that the straddling round holds already step behind those that fill it.
    """
    line = list(cycles[0])
    for cycle in cycles[1:]:
        carried = line[len(line) - len(line) % size :]
        missing = -len(line) % size
        fresh = [row for row in cycle if row not in carried][:missing]
        end = max((cycle.index(row) + 1 for row in fresh), default=0)
        late = [row for row in cycle[:end] if row not in fresh]
        line += fresh + late + cycle[end:]
    return [line[t * size : (t + 1) * size] for t in range(n_rounds)]
