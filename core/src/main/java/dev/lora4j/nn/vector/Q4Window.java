package dev.lora4j.nn.vector;

import dev.lora4j.nn.block.Q4Input;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The inner loop of {@link dev.lora4j.nn.block.Q4Products}, in vectors of 512 bits. */
final class Q4Window {
  private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_512;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_512;
  private static final int BYTES = 54;
  private static final short CODE = 15;
  private static final int HALF_IN_FLOAT = 0x8fffe000;

  /** The scale of each sum's block, in the upper half of the sum. */
  private static final VectorShuffle<Short> SCALES =
      VectorShuffle.fromOp(SHORTS, place -> 9 * Q4Input.block(place / 2));

  private Q4Window() {}

  /**
   * Returns the product of a row.
   *
   * @param ahead distance to the memory to load into the cache
   */
  static float row(Object memory, ByteBuffer bytes, int at, int ahead, Q4Input x) {
    FloatVector sums = FloatVector.zero(FLOATS);
    int windows = x.windows();
    short[] elements = x.elements();
    int[] offsets = x.offsets();
    float[] scalesOfInput = x.scales();
    int touched = 0;
    for (int window = 0; window < windows; window++) {
      int from = at + window * BYTES;
      touched += bytes.get(from + ahead);
      ShortVector pairs = VectorMemory.load(memory, from).reinterpretAsShorts();
      int first = window * 4 * Q4Input.PLACES;
      ShortVector even = pairs.and(CODE).mul(elements(elements, first));
      ShortVector odd = shifted(pairs, 4).and(CODE).mul(elements(elements, first + 32));
      even = even.add(shifted(pairs, 8).and(CODE).mul(elements(elements, first + 64)));
      odd = odd.add(shifted(pairs, 12).mul(elements(elements, first + 96)));
      IntVector both = even.add(odd).reinterpretAsInts();
      IntVector low = shifted(both.lanewise(VectorOperators.LSHL, 16), 16);
      IntVector offset = IntVector.fromArray(INTS, offsets, window * Q4Input.SUMS);
      IntVector sum = low.add(shifted(both, 16)).sub(offset);
      FloatVector scales = FloatVector.fromArray(FLOATS, scalesOfInput, window * Q4Input.SUMS);
      sums =
          ((FloatVector) sum.convert(VectorOperators.I2F, 0)).fma(halves(pairs).mul(scales), sums);
    }
    x.touch(touched);
    return sums.reduceLanes(VectorOperators.ADD);
  }

  private static ShortVector elements(short[] of, int first) {
    return ShortVector.fromArray(SHORTS, of, first);
  }

  private static ShortVector shifted(ShortVector bits, int by) {
    return bits.lanewise(VectorOperators.LSHR, by);
  }

  private static IntVector shifted(IntVector bits, int by) {
    return bits.lanewise(VectorOperators.ASHR, by);
  }

  /** The blocks' scales, as the bits of a half at their place in a float. */
  private static FloatVector halves(ShortVector pairs) {
    IntVector halves = pairs.rearrange(SCALES).reinterpretAsInts();
    return shifted(halves, 3).and(HALF_IN_FLOAT).reinterpretAsFloats();
  }
}
