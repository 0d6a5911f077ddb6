"""Vectors of LLVM's intermediate code: a builder's arithmetic on whole registers, and gathers."""

from llvmlite import ir
from numba.core import cgutils

I8, I32, I64, FLOAT = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()


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
        return ir.VectorType(element, self.lanes * 64 // (64 if element == I64 else 32))

    def same(self, element, number):
        """Return a register of one constant."""
        kind = self.type_of(element)
        return ir.Constant(kind, [number] * kind.count)

    def spread(self, value):
        """Return a register of one value known when the loop runs."""
        kind = self.type_of(value.type)
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def choose(self, accept, target, present):
        """Return the target where a move is accepted, else the present level.

        Frozen, the present level is no longer seen to be what lies where the result is stored. Of a
        choice that is, LLVM makes a masked store, which some processors take many times as long
        for.
        """
        frozen = _Frozen(self.builder.block, present.type, "freeze", [present])
        self.builder._insert(frozen)
        return self.builder.select(accept, target, frozen)

    def load(self, pointer, element):
        """Load a register from an address that is a multiple of an element's size."""
        loaded = self.builder.load(
            self.builder.bitcast(pointer, self.type_of(element).as_pointer())
        )
        loaded.align = 8 if element == I64 else 4
        return loaded

    def store(self, value, pointer):
        """Store a register."""
        address = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, address).align = 8 if value.type.element == I64 else 4

    def part(self, value, first, count, step=1):
        """Return every `step`-th of the elements of a vector, `count` from number `first` on."""
        places = [first + step * n for n in range(count)]
        return self.builder.shuffle_vector(
            value, value, ir.Constant(ir.VectorType(I32, count), places)
        )

    def joined(self, low, high):
        """Return one vector of the elements of two."""
        both = ir.Constant(ir.VectorType(I32, 2 * low.type.count), list(range(2 * low.type.count)))
        return self.builder.shuffle_vector(low, high, both)

    def gather(self, table, index):
        """Return table[index] for a vector of 32-bit indices below 2³¹."""
        if self.native_gather:
            return self._gather_avx2(table, index)
        element, count = table.type.pointee, index.type.count
        wide = self.builder.sext(index, ir.VectorType(I64, count))
        places = ir.VectorType(element.as_pointer(), count)
        pointers = _Pointers(self.builder.block, table, wide, places)
        self.builder._insert(pointers)

        kind, mask = ir.VectorType(element, count), ir.VectorType(ir.IntType(1), count)
        name = f"llvm.masked.gather.v{count}{_letter(element)}.v{count}p0"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [places, I32, mask, kind]), name
        )
        size = ir.Constant(I32, 8 if element == I64 else 4)
        everywhere, nothing = ir.Constant(mask, [1] * count), ir.Constant(kind, ir.Undefined)
        return self.builder.call(function, [pointers, size, everywhere, nothing])

    def _gather_avx2(self, table, index):
        """Gather by the processor's own instruction, which LLVM would take apart."""
        element = table.type.pointee
        count = index.type.count
        if element == I64 and count == 8:  # four entries fill a register
            halves = (self.part(index, first, 4) for first in (0, 4))
            return self.joined(*(self._gather_avx2(table, half) for half in halves))
        kind = ir.VectorType(element, count)
        name = {I32: "d.d.256", FLOAT: "d.ps.256", I64: "d.q.256"}[element]
        arguments = [kind, I8.as_pointer(), index.type, kind, I8]
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, arguments), f"llvm.x86.avx2.gather.{name}"
        )
        ones = ir.Constant(ir.VectorType(I64 if element == I64 else I32, count), [-1] * count)
        return self.builder.call(
            function,
            [
                ir.Constant(kind, ir.Undefined),
                self.builder.bitcast(table, I8.as_pointer()),
                index,
                self.builder.bitcast(ones, kind),
                ir.Constant(I8, 8 if element == I64 else 4),
            ],
        )

    def sum(self, value):
        """Return the sum of the 32-bit elements, as one of 64 bits."""
        total = ir.Constant(I64, 0)
        for n in range(value.type.count):
            one = self.builder.extract_element(value, ir.Constant(I32, n))
            total = self.builder.add(total, self.builder.zext(one, I64))
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


class _Frozen(ir.instructions.Instruction):
    """The value itself, of which LLVM no longer asks where it is from."""

    def descr(self, buf):
        [value] = self.operands
        buf.append(f"freeze {value.type} {value.get_reference()}\n")


def _letter(element):
    return {I32: "i32", I64: "i64", FLOAT: "f32"}[element]
