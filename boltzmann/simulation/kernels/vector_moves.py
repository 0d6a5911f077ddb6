"""Moves in vector registers: a sweep of a block as one loop in LLVM's intermediate code.

Compiled from plain loops, random words, table indices and limits pass through memory, and no table
is read by a gather, because the compiler cannot prove that a table and what is stored overlap
nowhere. Here the loop is written with LLVM's vectors: a word is drawn, split and used while it is
in a register. The levels, the words and the streams are those of the plain loops of `moves.py` bit
for bit, and the tests hold both to the textbook.

A row of random words is 32 lanes of 64 bits, which serves 64 particles. The lanes of one register
are a column; their generators stay in registers from the first row of a block to the last.
"""

from functools import cache
from types import SimpleNamespace

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from boltzmann.simulation.kernels.random_streams import LANES
from boltzmann.simulation.kernels.vectors import FLOAT, I32, I64, Vectors

LEFT_OPEN = 2**31  # the bit of a state whose move the vectors leave to `settle`
PARTICLES_A_ROW = 2 * LANES  # that one row of random words serves


def processor_features():
    """Return what LLVM says that the processor can do: "+avx2,-avx512f,…"."""
    return cpu_target.target_context.codegen().magic_tuple()[2].split(",")


@cache
def worth_using():
    """Tell whether these loops are the faster ones here: the processor gathers, and Numba is on."""
    gathers = {"+avx2", "+avx512f"} & set(processor_features())
    return bool(gathers) and not getattr(config, "DISABLE_JIT", 0)


# The steps of a move. `use` holds the vectors and what the table says.


def next_words(use, generator):
    """Advance the generators of a column, sfc64, and return their words."""
    v, b = use.vectors, use.vectors.builder
    first, second, third, counter = (b.load(register) for register in generator)
    words = b.add(b.add(first, second), counter)

    after = (
        b.xor(second, b.lshr(second, v.same(I64, 11))),
        b.add(third, b.shl(third, v.same(I64, 3))),
        b.add(b.or_(b.shl(third, v.same(I64, 24)), b.lshr(third, v.same(I64, 40))), words),
        b.add(counter, v.same(I64, 1)),
    )
    for register, value in zip(generator, after, strict=True):
        b.store(value, register)
    return words


def split(use, words):
    """Return the bucket and the fraction of each half word: the halves of its product with M."""
    v, b = use.vectors, use.vectors.builder
    narrow = v.type_of(I32)
    if use.left is not None:  # M is a power of two
        halves = b.bitcast(words, narrow)
        return b.lshr(halves, use.right), b.shl(halves, use.left)

    low, high = v.same(I64, 2**32 - 1), v.same(I64, -(2**32))
    even = b.mul(b.and_(words, low), use.factor)
    odd = b.mul(b.lshr(words, v.same(I64, 32)), use.factor)
    bucket = b.or_(b.lshr(even, v.same(I64, 32)), b.and_(odd, high))
    fraction = b.or_(b.and_(even, low), b.shl(odd, v.same(I64, 32)))
    return b.bitcast(bucket, narrow), b.bitcast(fraction, narrow)


def place_in_table(use, state, bucket):
    """Return state·M + bucket."""
    b = use.vectors.builder
    if use.left is not None:
        return b.or_(b.shl(state, use.left), bucket)
    return b.add(b.mul(state, use.buckets), bucket)


def by_thresholds(use, state, bucket, fraction, _):
    """Return the levels after a move: the bucket's, if the fraction is below the threshold."""
    v, b = use.vectors, use.vectors.builder
    limit = v.gather(use.thresholds, place_in_table(use, state, bucket))
    if use.left is None:
        b.store(_least(b, b.load(use.least), fraction), use.least)
        fraction = b.sub(fraction, use.refused_below)
    return _if_accepted(use, state, bucket, b.icmp_unsigned("<", fraction, limit))


def between_two_levels(use, state, bucket, fraction, _):
    """Do as `by_thresholds` where there are two levels, without a look into the table.

    To stay or to go to the present level is the same, so each level has one threshold that counts.
    """
    v, b = use.vectors, use.vectors.builder
    down = b.icmp_unsigned("!=", state, v.same(I32, 0))
    limit = b.select(down, use.to_lower, use.to_upper)
    return v.choose(b.icmp_unsigned("<", fraction, limit), bucket, state)


def _if_accepted(use, state, bucket, accept):
    v, b = use.vectors, use.vectors.builder
    target = bucket
    if use.neighbour:  # bucket 0 is the level below, bucket 1 the one above
        target = b.add(b.add(bucket, bucket), b.sub(state, v.same(I32, 1)))
    return v.choose(accept, target, state)


def by_alias(use, state, bucket, fraction, _):
    """Return the levels after a move: the first of the bucket's entry, or the second."""
    v, b = use.vectors, use.vectors.builder
    own_row = b.and_(state, use.row_mask)
    entry = v.gather(use.alias, place_in_table(use, own_row, bucket))
    halves = b.bitcast(entry, ir.VectorType(I32, 2 * entry.type.count))
    levels, limit = (v.part(halves, half, entry.type.count, step=2) for half in (0, 1))

    first, second = b.lshr(levels, v.same(I32, 16)), b.and_(levels, v.same(I32, 0xFFFF))
    level = b.select(b.icmp_unsigned("<=", fraction, limit), first, second)
    if use.left is not None:
        return level
    b.store(_least(b, b.load(use.least), fraction), use.least)
    return v.choose(b.icmp_unsigned(">=", fraction, use.refused_below), level, state)


def by_weights(use, state, bucket, fraction, own_place):
    """Return the levels after a move: the bucket's if u w_i < w_j, as `moves.move_by_weights`.

    Moves in doubt, and words to be drawn again, leave the level as it is, with its last bit set.
    """
    v, b = use.vectors, use.vectors.builder
    own, other = v.load(own_place, FLOAT), v.gather(use.weights, bucket)
    whole = b.sitofp(b.lshr(fraction, v.same(I32, 8)), v.type_of(FLOAT))
    u = b.fmul(whole, v.same(FLOAT, 2.0**-24))
    gap = b.fsub(b.fmul(u, b.fadd(own, b.fmul(use.both, other))), other)

    margin = b.fadd(b.fmul(b.fadd(own, other), v.same(FLOAT, 2.0**-20)), v.same(FLOAT, 2.0**-125))
    doubtful = b.and_(b.fcmp_ordered("<=", gap, margin), b.fcmp_ordered(">=", gap, b.fneg(margin)))
    if use.left is None:
        doubtful = b.or_(doubtful, b.icmp_unsigned("<", fraction, use.refused_below))
    accept = b.and_(b.fcmp_ordered("<", gap, v.same(FLOAT, 0.0)), b.not_(doubtful))

    open_bit = b.and_(b.sext(doubtful, state.type), v.same(I32, LEFT_OPEN))
    b.store(b.or_(b.load(use.open), open_bit), use.open)
    own_bits, other_bits = b.bitcast(own, state.type), b.bitcast(other, state.type)
    v.store(v.choose(accept, other_bits, own_bits), b.bitcast(own_place, I32.as_pointer()))
    return b.or_(v.choose(accept, bucket, state), open_bit)


def _least(builder, first, second):
    return builder.select(builder.icmp_unsigned("<", first, second), first, second)


# The arguments of `attempt_moves`, by which the functions below know them.
NAMES = (
    "rows",
    "state",
    "own",
    "stream",
    "lanes",
    "thresholds",
    "weights",
    "alias",
    "neighbour",
    "bits",
    "numbers",
)


@intrinsic
def attempt_moves(
    typingctx, rows, state, own, stream, lanes, thresholds, weights, alias, neighbour, bits, numbers
):
    """Let each particle of a block attempt one move; return how many moved, and if any is open.

    `state` (n,) uint32, n = 64·rows, and, with weights, `own` (n,) float32 and `stream` (4, LANES)
    are advanced in place; the first four rows of `lanes` get the stream as it was. Of `thresholds`,
    `weights` and `alias` one is an array, the others None, and for each the compiler makes a loop
    of its own; so it does for `neighbour` and for `bits`, if they are not None. `numbers` are M,
    2³² mod M, the rows of the alias table for a level, and whether the rule is Glauber's.
    """
    signature = types.UniTuple(types.int64, 2)(
        rows, state, own, stream, lanes, thresholds, weights, alias, neighbour, bits, numbers
    )

    def generate(context, builder, signature, arguments):
        kinds = dict(zip(NAMES, signature.args, strict=True))
        given = dict(zip(NAMES, arguments, strict=True))
        return _generate(context, builder, kinds, given)

    return signature, generate


def _generate(context, builder, kinds, given):
    v = Vectors(builder, context.codegen().magic_tuple()[2].split(","))
    use = _prepared(context, v, kinds, given)
    if use.two_levels is None:
        _columns(use, given["rows"])
    else:
        with builder.if_else(use.two_levels) as (two, more):
            with two:
                two_thresholds = (
                    builder.gep(use.thresholds, [ir.Constant(I64, n)]) for n in (1, 2)
                )
                use.to_upper, use.to_lower = (v.spread(builder.load(t)) for t in two_thresholds)
                _columns(
                    SimpleNamespace(**{**vars(use), "decide": between_two_levels}), given["rows"]
                )
            with more:
                _columns(use, given["rows"])

    refused = builder.icmp_unsigned("<", builder.load(use.least), use.refused_below)
    still_open = builder.or_(
        builder.zext(refused, v.type_of(I32)),
        builder.lshr(builder.load(use.open), v.same(I32, 31)),
    )
    return cgutils.pack_array(builder, [v.sum(builder.load(use.moved)), v.sum(still_open)])


def _columns(use, rows):
    """Write the loop: for each column of lanes, from row to row, a move of each particle."""
    v, builder = use.vectors, use.vectors.builder
    generator = [cgutils.alloca_once(builder, v.type_of(I64)) for _ in range(4)]
    with cgutils.for_range(builder, ir.Constant(I64, LANES // v.lanes), intp=I64) as column:
        lane = builder.mul(column.index, ir.Constant(I64, v.lanes))
        places = [builder.add(lane, ir.Constant(I64, LANES * row)) for row in range(4)]
        for register, place in zip(generator, places, strict=True):
            held = v.load(builder.gep(use.stream, [place]), I64)
            builder.store(held, register)
            v.store(held, builder.gep(use.before, [place]))

        with cgutils.for_range(builder, rows, intp=I64) as row:
            first = builder.mul(row.index, ir.Constant(I64, PARTICLES_A_ROW))
            particle = builder.add(first, builder.shl(lane, ir.Constant(I64, 1)))
            _move(use, particle, generator)

        for register, place in zip(generator, places, strict=True):
            v.store(builder.load(register), builder.gep(use.stream, [place]))


def _move(use, particle, generator):
    """Write the moves of the particles of one register, and count those that change the level."""
    v, builder = use.vectors, use.vectors.builder
    place = builder.gep(use.state, [particle])
    here = v.load(place, I32)
    bucket, fraction = split(use, next_words(use, generator))
    after = use.decide(use, here, bucket, fraction, builder.gep(use.own, [particle]))
    v.store(after, place)

    level = builder.and_(after, v.same(I32, LEFT_OPEN - 1)) if use.marks else after
    changed = builder.sext(builder.icmp_unsigned("!=", level, here), here.type)
    builder.store(builder.sub(builder.load(use.moved), changed), use.moved)


def _prepared(context, v, kinds, given):
    """Return what the steps of a move use: pointers to arrays, numbers spread over registers."""
    b = v.builder

    def pointer(name, element):
        if kinds[name] == types.none:
            return ir.Constant(element.as_pointer(), None)
        array = context.make_array(kinds[name])(context, b, given[name])
        return b.bitcast(array.data, element.as_pointer())

    def number(place):
        return b.trunc(b.extract_value(given["numbers"], place), I32)

    present = {name for name, kind in kinds.items() if kind != types.none}
    buckets, refused_below, rows_per_level, glauber = (number(place) for place in range(4))
    use = SimpleNamespace(
        vectors=v,
        state=pointer("state", I32),
        own=pointer("own", FLOAT),
        stream=pointer("stream", I64),
        before=pointer("lanes", I64),
        neighbour="neighbour" in present,
        marks="weights" in present,
        buckets=v.spread(buckets),
        factor=v.spread(b.zext(buckets, I64)),
        refused_below=v.spread(refused_below),
        both=v.spread(b.uitofp(glauber, FLOAT)),
        row_mask=v.spread(b.neg(rows_per_level)),
        left=None,
        right=None,
        two_levels=None,
        moved=cgutils.alloca_once_value(b, v.same(I32, 0)),
        least=cgutils.alloca_once_value(b, v.same(I32, 2**32 - 1)),
        open=cgutils.alloca_once_value(b, v.same(I32, 0)),
    )
    if "bits" in present:
        bits = b.trunc(given["bits"], I32)
        use.left, use.right = v.spread(bits), v.spread(b.sub(ir.Constant(I32, 32), bits))
    if "thresholds" in present:
        use.thresholds, use.decide = pointer("thresholds", I32), by_thresholds
        if use.left is not None and not use.neighbour:
            use.two_levels = b.icmp_unsigned("==", buckets, ir.Constant(I32, 2))
    elif "weights" in present:
        use.weights, use.decide = pointer("weights", FLOAT), by_weights
    else:
        use.alias, use.decide = pointer("alias", I64), by_alias
    return use
