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

LEFT_OPEN = 2**31  # the bit of a state whose move the vectors leave to `settle`
PARTICLES = 2 * LANES  # of a row

_I8, _I32, _I64, _FLOAT = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()


def processor_features():
    """Return what LLVM says that the processor can do: "+avx2,-avx512f,…"."""
    return cpu_target.target_context.codegen().magic_tuple()[2].split(",")


@cache
def worth_using():
    """Tell whether these loops are the faster ones here: the processor gathers, and Numba is on."""
    gathers = {"+avx2", "+avx512f"} & set(processor_features())
    return bool(gathers) and not getattr(config, "DISABLE_JIT", 0)


class Vectors:
    """What the loop below is written with: an LLVM builder that knows vectors.

    `lanes` words of 64 bits, or twice as many of 32, are in one register.
    """

    def __init__(self, builder, features):
        self.builder = builder
        self.native_gather = "+avx2" in features and "+avx512f" not in features
        self.lanes = 8 if "+avx512f" in features else 4

    def type_of(self, element):
        """Return the type of one register of such elements."""
        return ir.VectorType(element, self.lanes * 64 // (64 if element == _I64 else 32))

    def same(self, element, number):
        """Return a register of one constant."""
        kind = self.type_of(element)
        return ir.Constant(kind, [number] * kind.count)

    def spread(self, value):
        """Return a register of one value known when the loop runs."""
        kind = self.type_of(value.type)
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(_I32, 0))
        zeros = ir.Constant(ir.VectorType(_I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def load(self, pointer, element):
        """Load a register from an address that is a multiple of an element's size."""
        loaded = self.builder.load(
            self.builder.bitcast(pointer, self.type_of(element).as_pointer())
        )
        loaded.align = 8 if element == _I64 else 4
        return loaded

    def store(self, value, pointer):
        """Store a register."""
        address = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, address).align = 8 if value.type.element == _I64 else 4

    def part(self, value, first, count, step=1):
        """Return every `step`-th of the elements of a vector, `count` from number `first` on."""
        places = [first + step * n for n in range(count)]
        return self.builder.shuffle_vector(
            value, value, ir.Constant(ir.VectorType(_I32, count), places)
        )

    def joined(self, low, high):
        """Return one vector of the elements of two."""
        both = ir.Constant(ir.VectorType(_I32, 2 * low.type.count), list(range(2 * low.type.count)))
        return self.builder.shuffle_vector(low, high, both)

    def gather(self, table, index):
        """Return table[index] for a vector of 32-bit indices below 2³¹."""
        if self.native_gather:
            return self._gather_avx2(table, index)
        element, count = table.type.pointee, index.type.count
        wide = self.builder.sext(index, ir.VectorType(_I64, count))
        places = ir.VectorType(element.as_pointer(), count)
        pointers = _Pointers(self.builder.block, table, wide, places)
        self.builder._insert(pointers)

        kind, mask = ir.VectorType(element, count), ir.VectorType(ir.IntType(1), count)
        name = f"llvm.masked.gather.v{count}{_letter(element)}.v{count}p0"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [places, _I32, mask, kind]), name
        )
        size = ir.Constant(_I32, 8 if element == _I64 else 4)
        everywhere, nothing = ir.Constant(mask, [1] * count), ir.Constant(kind, ir.Undefined)
        return self.builder.call(function, [pointers, size, everywhere, nothing])

    def _gather_avx2(self, table, index):
        """Gather by the processor's own instruction, which LLVM would take apart."""
        element = table.type.pointee
        count = index.type.count
        if element == _I64 and count == 8:  # four entries fill a register
            halves = (self.part(index, first, 4) for first in (0, 4))
            return self.joined(*(self._gather_avx2(table, half) for half in halves))
        kind = ir.VectorType(element, count)
        name = {_I32: "d.d.256", _FLOAT: "d.ps.256", _I64: "d.q.256"}[element]
        arguments = [kind, _I8.as_pointer(), index.type, kind, _I8]
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, arguments), f"llvm.x86.avx2.gather.{name}"
        )
        ones = ir.Constant(ir.VectorType(_I64 if element == _I64 else _I32, count), [-1] * count)
        return self.builder.call(
            function,
            [
                ir.Constant(kind, ir.Undefined),
                self.builder.bitcast(table, _I8.as_pointer()),
                index,
                self.builder.bitcast(ones, kind),
                ir.Constant(_I8, 8 if element == _I64 else 4),
            ],
        )

    def sum(self, value):
        """Return the sum of the 32-bit elements, as one of 64 bits."""
        total = ir.Constant(_I64, 0)
        for n in range(value.type.count):
            one = self.builder.extract_element(value, ir.Constant(_I32, n))
            total = self.builder.add(total, self.builder.zext(one, _I64))
        return total


class _Pointers(ir.instructions.Instruction):
    """A vector of pointers, base + index, which llvmlite's own builder does not make."""

    def __init__(self, block, base, index, kind):
        super().__init__(block, kind, "getelementptr", [base, index])
        self.element = base.type.pointee

    def descr(self, buf):
        base, index = self.operands
        buf.append(
            f"getelementptr {self.element}, {base.type} {base.get_reference()}, "
            f"{index.type} {index.get_reference()}\n"
        )


def _letter(element):
    return {_I32: "i32", _I64: "i64", _FLOAT: "f32"}[element]


# The steps of a move. `use` holds the vectors and what the table says.


def next_words(use, generator):
    """Advance the generators of a column, sfc64, and return their words."""
    v, b = use.vectors, use.vectors.builder
    first, second, third, counter = (b.load(register) for register in generator)
    words = b.add(b.add(first, second), counter)

    after = (
        b.xor(second, b.lshr(second, v.same(_I64, 11))),
        b.add(third, b.shl(third, v.same(_I64, 3))),
        b.add(b.or_(b.shl(third, v.same(_I64, 24)), b.lshr(third, v.same(_I64, 40))), words),
        b.add(counter, v.same(_I64, 1)),
    )
    for register, value in zip(generator, after, strict=True):
        b.store(value, register)
    return words


def split(use, words):
    """Return the bucket and the fraction of each half word: the halves of its product with M."""
    v, b = use.vectors, use.vectors.builder
    narrow = v.type_of(_I32)
    if use.left is not None:  # M is a power of two
        halves = b.bitcast(words, narrow)
        return b.lshr(halves, use.right), b.shl(halves, use.left)

    low, high = v.same(_I64, 2**32 - 1), v.same(_I64, -(2**32))
    even = b.mul(b.and_(words, low), use.factor)
    odd = b.mul(b.lshr(words, v.same(_I64, 32)), use.factor)
    bucket = b.or_(b.lshr(even, v.same(_I64, 32)), b.and_(odd, high))
    fraction = b.or_(b.and_(even, low), b.shl(odd, v.same(_I64, 32)))
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
    accept = b.icmp_unsigned("<", fraction, limit)

    target = bucket
    if use.neighbour:  # bucket 0 is the level below, bucket 1 the one above
        target = b.add(b.add(bucket, bucket), b.sub(state, v.same(_I32, 1)))
    return b.select(accept, target, state)


def by_alias(use, state, bucket, fraction, _):
    """Return the levels after a move: the first of the bucket's entry, or the second."""
    v, b = use.vectors, use.vectors.builder
    own_row = b.and_(state, use.row_mask)
    entry = v.gather(use.alias, place_in_table(use, own_row, bucket))
    halves = b.bitcast(entry, ir.VectorType(_I32, 2 * entry.type.count))
    levels, limit = (v.part(halves, half, entry.type.count, step=2) for half in (0, 1))

    first, second = b.lshr(levels, v.same(_I32, 16)), b.and_(levels, v.same(_I32, 0xFFFF))
    level = b.select(b.icmp_unsigned("<=", fraction, limit), first, second)
    if use.left is not None:
        return level
    b.store(_least(b, b.load(use.least), fraction), use.least)
    return b.select(b.icmp_unsigned("<", fraction, use.refused_below), state, level)


def by_weights(use, state, bucket, fraction, own_place):
    """Return the levels after a move: the bucket's if u w_i < w_j, as `moves.move_by_weights`.

    Moves in doubt, and words to be drawn again, leave the level as it is, with its last bit set.
    """
    v, b = use.vectors, use.vectors.builder
    own, other = v.load(own_place, _FLOAT), v.gather(use.weights, bucket)
    whole = b.sitofp(b.lshr(fraction, v.same(_I32, 8)), v.type_of(_FLOAT))
    u = b.fmul(whole, v.same(_FLOAT, 2.0**-24))
    gap = b.fsub(b.fmul(u, b.fadd(own, b.fmul(use.both, other))), other)

    margin = b.fadd(
        b.fmul(b.fadd(own, other), v.same(_FLOAT, 2.0**-20)), v.same(_FLOAT, 2.0**-125)
    )
    doubtful = b.and_(
        b.fcmp_ordered("<=", gap, margin), b.fcmp_ordered(">=", gap, b.fneg(margin))
    )
    if use.left is None:
        doubtful = b.or_(doubtful, b.icmp_unsigned("<", fraction, use.refused_below))
    accept = b.and_(b.fcmp_ordered("<", gap, v.same(_FLOAT, 0.0)), b.not_(doubtful))

    open_bit = b.and_(b.sext(doubtful, state.type), v.same(_I32, LEFT_OPEN))
    b.store(b.or_(b.load(use.open), open_bit), use.open)
    v.store(b.select(accept, other, own), own_place)
    return b.or_(b.select(accept, bucket, state), open_bit)


def _least(builder, first, second):
    return builder.select(builder.icmp_unsigned("<", first, second), first, second)


@intrinsic
def attempt_moves(
    typingctx, rows, state, own, stream, before, thresholds, weights, alias, neighbour, bits, table
):
    """Let each particle of a block attempt one move; return how many moved, and if any is open.

    `state` (n,) uint32, n = 64·rows, and, with weights, `own` (n,) float32 and `stream` (4, LANES)
    are advanced in place; `before` gets the stream as it was. Of `thresholds`, `weights`
    and `alias` one is an array, the others None, and for each the compiler makes a loop of its own;
    so it does for `neighbour` and for `bits`, if they are not None.
    """
    signature = types.UniTuple(types.int64, 2)(
        rows, state, own, stream, before, thresholds, weights, alias, neighbour, bits, table
    )

    def generate(context, builder, signature, arguments):
        names = ("rows state own stream before thresholds weights alias neighbour bits table").split()
        kinds = dict(zip(names, signature.args, strict=True))
        given = dict(zip(names, arguments, strict=True))
        return _generate(context, builder, kinds, given)

    return signature, generate


def _generate(context, builder, kinds, given):
    v = Vectors(builder, context.codegen().magic_tuple()[2].split(","))
    use = _prepared(context, v, kinds, given)
    counted = cgutils.alloca_once_value(builder, v.same(_I32, 0))
    generator = [cgutils.alloca_once(builder, v.type_of(_I64)) for _ in range(4)]

    with cgutils.for_range(builder, ir.Constant(_I64, LANES // v.lanes), intp=_I64) as column:
        lane = builder.mul(column.index, ir.Constant(_I64, v.lanes))
        places = [builder.add(lane, ir.Constant(_I64, LANES * row)) for row in range(4)]
        for register, place in zip(generator, places, strict=True):
            held = v.load(builder.gep(use.stream, [place]), _I64)
            builder.store(held, register)
            v.store(held, builder.gep(use.before, [place]))

        with cgutils.for_range(builder, given["rows"], intp=_I64) as row:
            first = builder.mul(row.index, ir.Constant(_I64, PARTICLES))
            particle = builder.add(first, builder.shl(lane, ir.Constant(_I64, 1)))
            place = builder.gep(use.state, [particle])
            own_place = builder.gep(use.own, [particle])

            here = v.load(place, _I32)
            bucket, fraction = split(use, next_words(use, generator))
            after = use.decide(use, here, bucket, fraction, own_place)
            v.store(after, place)

            level = builder.and_(after, v.same(_I32, LEFT_OPEN - 1)) if use.marks else after
            changed = builder.sext(builder.icmp_unsigned("!=", level, here), here.type)
            builder.store(builder.sub(builder.load(counted), changed), counted)

        for register, place in zip(generator, places, strict=True):
            v.store(builder.load(register), builder.gep(use.stream, [place]))

    refused = builder.icmp_unsigned("<", builder.load(use.least), use.refused_below)
    still_open = builder.or_(
        builder.zext(refused, v.type_of(_I32)),
        builder.lshr(builder.load(use.open), v.same(_I32, 31)),
    )
    return cgutils.pack_array(builder, [v.sum(builder.load(counted)), v.sum(still_open)])


def _prepared(context, v, kinds, given):
    """Return what the steps of a move use: pointers to arrays, and numbers spread over registers."""
    b = v.builder

    def pointer(name, element):
        array = context.make_array(kinds[name])(context, b, given[name])
        return b.bitcast(array.data, element.as_pointer())

    def number(name, element=_I32):
        place = kinds["table"].fields.index(name)
        kind = kinds["table"].types[place]
        cast = types.float32 if element == _FLOAT else types.uint32
        return context.cast(b, b.extract_value(given["table"], place), kind, cast)

    present = {name for name, kind in kinds.items() if kind != types.none}
    buckets = number("buckets")
    use = SimpleNamespace(
        vectors=v,
        state=pointer("state", _I32),
        own=pointer("own", _FLOAT),
        stream=pointer("stream", _I64),
        before=pointer("before", _I64),
        neighbour="neighbour" in present,
        marks="weights" in present,
        buckets=v.spread(buckets),
        factor=v.spread(b.zext(buckets, _I64)),
        refused_below=v.spread(number("refused_below")),
        both=v.spread(number("glauber", _FLOAT)),
        row_mask=v.spread(b.neg(number("rows_per_level"))),
        left=None,
        right=None,
        least=cgutils.alloca_once_value(b, v.same(_I32, 2**32 - 1)),
        open=cgutils.alloca_once_value(b, v.same(_I32, 0)),
    )
    if "bits" in present:
        bits = b.trunc(given["bits"], _I32)
        use.left, use.right = v.spread(bits), v.spread(b.sub(ir.Constant(_I32, 32), bits))
    if "thresholds" in present:
        use.thresholds, use.decide = pointer("thresholds", _I32), by_thresholds
    elif "weights" in present:
        use.weights, use.decide = pointer("weights", _FLOAT), by_weights
    else:
        use.alias, use.decide = pointer("alias", _I64), by_alias
    return use
