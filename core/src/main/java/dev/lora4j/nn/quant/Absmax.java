package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The largest magnitude of each block of a 4-bit weight. */
public sealed interface Absmax {

  /** Returns the number of blocks. */
  long blocks();

  /** Returns the tensors by bitsandbytes' names, without that of the weight. */
  Map<String, Parameter> parameters();

  /** Returns the same over other parameters. */
  Absmax over(UnaryOperator<Parameter> replacement);

  /** Copies the values of consecutive blocks. */
  void read(long first, float[] to, int count);

  /**
   * As float32.
   *
   * @param values {@code [blocks]}
   */
  record Plain(Parameter values) implements Absmax {
    public Plain {
      Checks.dtype("absmax", values.value(), ScalarType.Float);
    }

    @Override
    public Plain over(UnaryOperator<Parameter> replacement) {
      return new Plain(replacement.apply(values));
    }

    @Override
    public long blocks() {
      return values.numel();
    }

    @Override
    public Map<String, Parameter> parameters() {
      return Map.of("absmax", values);
    }

    @Override
    public void read(long first, float[] to, int count) {
      HeapCopies.read(values.value(), first, to, count);
    }
  }

  /**
   * Double quantisation (QLoRA paper, §3): {@code map[code] · nested absmax + offset}.
   *
   * @param codes {@code [blocks]}, uint8
   * @param nestedAbsmax one for each {@code nestedBlockSize} codes
   * @param map {@code [256]}
   * @param offset one value
   */
  record Nested(
      Parameter codes, Parameter nestedAbsmax, Parameter map, Parameter offset, int nestedBlockSize)
      implements Absmax {
    private static final int CODES = 256;

    public Nested {
      Checks.dtype("absmax", codes.value(), ScalarType.Byte);
      Checks.dtype("nested_absmax", nestedAbsmax.value(), ScalarType.Float);
      Checks.dtype("nested_quant_map", map.value(), ScalarType.Float);
      Checks.dtype("nested_offset", offset.value(), ScalarType.Float);
      FourBitWeights.requireBlockSize("nested block size", nestedBlockSize);
      requireCount("nested_quant_map", map, CODES);
      requireCount("nested_offset", offset, 1);
      long expected = (codes.numel() + nestedBlockSize - 1) / nestedBlockSize;
      requireCount("nested_absmax", nestedAbsmax, expected);
    }

    @Override
    public Nested over(UnaryOperator<Parameter> replacement) {
      return new Nested(
          replacement.apply(codes),
          replacement.apply(nestedAbsmax),
          replacement.apply(map),
          replacement.apply(offset),
          nestedBlockSize);
    }

    @Override
    public long blocks() {
      return codes.numel();
    }

    @Override
    public Map<String, Parameter> parameters() {
      Map<String, Parameter> parameters = new LinkedHashMap<>();
      parameters.put("absmax", codes);
      parameters.put("nested_absmax", nestedAbsmax);
      parameters.put("nested_quant_map", map);
      parameters.put("nested_offset", offset);
      return parameters;
    }

    @Override
    public void read(long first, float[] to, int count) {
      byte[] some = new byte[count];
      HeapCopies.read(codes.value(), first, some, count);
      float[] book = new float[CODES];
      HeapCopies.read(map.value(), 0, book, CODES);
      float[] start = new float[1];
      HeapCopies.read(offset.value(), 0, start, 1);
      long firstScale = first / nestedBlockSize;
      float[] scales = new float[(int) ((first + count - 1) / nestedBlockSize - firstScale) + 1];
      HeapCopies.read(nestedAbsmax.value(), firstScale, scales, scales.length);
      for (int i = 0; i < count; i++) {
        float scale = scales[(int) ((first + i) / nestedBlockSize - firstScale)];
        to[i] = book[some[i] & 0xff] * scale + start[0];
      }
    }
  }

  private static void requireCount(String name, Parameter parameter, long expected) {
    if (parameter.numel() != expected) {
      throw new UserError(
          "%s must have %d values, found %d".formatted(name, expected, parameter.numel()));
    }
  }
}
