package dev.lora4j.llm.weights;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorSource;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.Absmax;
import dev.lora4j.nn.quant.FourBitWeights;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of quantised layers as bitsandbytes names them, to be written to a checkpoint. A
 * layer is quantised when its first tensor is written, and stays in memory until another layer's
 * turn.
 */
public final class BitsAndBytesTensors implements AutoCloseable {
  private static final int NESTED_BLOCK = 256;
  private static final int NESTED_CODES = 256;
  private static final int CODES = 16;
  private static final int OFFSET_DIGITS = 26;

  private final Quantization to;
  private final DType dtype;
  private String current = "";
  private @Nullable WeightStore store;

  /**
   * @param to a format of bitsandbytes
   * @param dtype the dtype to which readers round dequantised values
   */
  public BitsAndBytesTensors(Quantization to, DType dtype) {
    if (!to.type().isOfBitsAndBytes()) {
      throw new UserError(
          "a directory can't hold %s, which is a format of GGUF; use nf4, fp4 or int8, or write a .gguf file"
              .formatted(to.describe()));
    }
    this.to = to;
    this.dtype = dtype;
  }

  /**
   * Adds the tensors of a layer.
   *
   * @param name of its weight, {@code X.weight}
   * @param shape {@code [out, in]}
   * @param dense computes the weight in the caller's pointer scope
   */
  public void add(
      String name, List<Long> shape, Supplier<Tensor> dense, Map<String, TensorSource> into) {
    if (to.type() == QuantType.INT8) {
      addInt8(name, shape, dense, into);
      return;
    }
    long elements = shape.get(0) * shape.get(1);
    long blocks = parts(elements, Quantization.BLOCK_SIZE);
    put(into, name, DType.U8, List.of(parts(elements, 2), 1L), of(name, dense, "weight"));
    String state = FourBitState.STATE + to.type().word();
    put(
        into,
        name + state,
        DType.U8,
        List.of((long) state(shape, 0f).length),
        () -> bytes(state(shape, offset(fourBits(name, dense)))));
    add(name, FourBitState.MAP, DType.F32, CODES, dense, into);
    if (to.doubleQuant()) {
      add(name, FourBitState.ABSMAX, DType.U8, blocks, dense, into);
      add(name, FourBitState.NESTED_ABSMAX, DType.F32, parts(blocks, NESTED_BLOCK), dense, into);
      add(name, FourBitState.NESTED_MAP, DType.F32, NESTED_CODES, dense, into);
    } else {
      add(name, FourBitState.ABSMAX, DType.F32, blocks, dense, into);
    }
  }

  private void add(
      String name,
      String suffix,
      DType stored,
      long count,
      Supplier<Tensor> dense,
      Map<String, TensorSource> into) {
    put(into, name + suffix, stored, List.of(count), of(name, dense, "weight" + suffix));
  }

  private void addInt8(
      String name, List<Long> shape, Supplier<Tensor> dense, Map<String, TensorSource> into) {
    String module = name.substring(0, name.lastIndexOf('.'));
    put(into, name, DType.I8, shape, of(name, dense, "weight"));
    put(into, module + ".SCB", DType.F32, shape.subList(0, 1), of(name, dense, "SCB"));
    put(
        into,
        module + ".weight_format",
        DType.U8,
        List.of(),
        () -> Ops.zeros(1).to(ScalarType.Byte).squeeze()); // rows
  }

  private static void put(
      Map<String, TensorSource> into,
      String key,
      DType stored,
      List<Long> shape,
      Supplier<Tensor> value) {
    into.put(key, new TensorSource(stored, shape, value));
  }

  private static long parts(long elements, long size) {
    return (elements + size - 1) / size;
  }

  // ---- values ----

  /** Computes the tensor of a layer with this name in its store. */
  private Supplier<Tensor> of(String name, Supplier<Tensor> dense, String key) {
    return () -> {
      Parameter part = quantized(name, dense).parameters().get(key);
      if (part == null) {
        throw new IllegalStateException(name + " has no " + key);
      }
      return part.value().alias();
    };
  }

  private FourBitWeights fourBits(String name, Supplier<Tensor> dense) {
    return (FourBitWeights) quantized(name, dense);
  }

  private WeightStore quantized(String name, Supplier<Tensor> dense) {
    WeightStore last = store;
    if (last != null && current.equals(name)) {
      return last;
    }
    close();
    try (PointerScope scope = new PointerScope()) {
      WeightStore next = to.quantize(name, Quantization.Role.LAYER, dense.get());
      current = name;
      store = next;
      return next;
    }
  }

  private static float offset(FourBitWeights weights) {
    return weights.absmax() instanceof Absmax.Nested nested
        ? nested.offset().value().item_float()
        : 0;
  }

  /** Returns the state, of a length that does not depend on the offset. */
  private byte[] state(List<Long> shape, float offset) {
    String common =
        "{\"quant_type\": \"%s\", \"blocksize\": %d, \"dtype\": \"%s\", \"shape\": %s"
            .formatted(to.type().word(), Quantization.BLOCK_SIZE, name(dtype), shape);
    String nested =
        ", \"nested_blocksize\": %d, \"nested_dtype\": \"float32\", \"nested_offset\": %s}"
            .formatted(NESTED_BLOCK, padded(offset));
    return (common + (to.doubleQuant() ? nested : "}")).getBytes(StandardCharsets.UTF_8);
  }

  private static String padded(float offset) {
    return String.format(Locale.ROOT, "%-" + OFFSET_DIGITS + "s", (double) offset);
  }

  private static String name(DType dtype) {
    return switch (dtype) {
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      default -> "float32";
    };
  }

  private static Tensor bytes(byte[] text) {
    long[] values = new long[text.length];
    for (int i = 0; i < text.length; i++) {
      values[i] = text[i];
    }
    return Ops.tensor(values).to(ScalarType.Byte);
  }

  /** Frees the layer that is in memory. */
  @Override
  public void close() {
    WeightStore last = store;
    if (last != null) {
      last.parameters().values().forEach(Parameter::close);
    }
    store = null;
  }
}
