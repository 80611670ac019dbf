package dev.lora4j.llm.plan;

import dev.lora4j.io.gguf.GgmlType;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The type that {@code llama-quantize} gives each tensor of a dense model: the head gets more bits,
 * and so do, in the mixture Q4_K_M, the values of attention and the last feed-forward matrix of
 * half of the layers. A row that is no multiple of a block gets a type with smaller blocks.
 */
final class GgufTypes {
  private static final Pattern LAYER = Pattern.compile("\\.(?:layers|h)\\.(\\d+)\\.");

  private GgufTypes() {}

  static GgmlType of(BaseStore store, PlannedTensor tensor, int layers) {
    GgmlType type = wanted(store, tensor, layers);
    boolean fits = tensor.columns() % type.blockElements() == 0;
    return fits ? type : withSmallerBlocks(type, tensor.columns());
  }

  private static GgmlType wanted(BaseStore store, PlannedTensor tensor, int layers) {
    GgmlType most = store.ggmlType();
    return switch (tensor.role()) {
      case OTHER -> GgmlType.F32;
      case TOKEN_EMBEDDING -> most;
      case HEAD, TIED_EMBEDDING -> headType(most, tensor);
      case LAYER ->
          store == BaseStore.GGUF_Q4_K_M && isImportant(tensor) && getsMoreBits(tensor, layers)
              ? GgmlType.Q6_K
              : most;
    };
  }

  private static GgmlType headType(GgmlType most, PlannedTensor tensor) {
    boolean small = tensor.columns() % most.blockElements() != 0;
    return small || most == GgmlType.Q8_0 ? GgmlType.Q8_0 : GgmlType.Q6_K;
  }

  private static boolean isImportant(PlannedTensor tensor) {
    return tensor.name().endsWith(".v_proj.weight")
        || tensor.name().endsWith(".down_proj.weight")
        || tensor.name().endsWith(".mlp.c_proj.weight");
  }

  /** The first and the last eighth of the layers, and every third in between. */
  private static boolean getsMoreBits(PlannedTensor tensor, int layers) {
    Matcher number = LAYER.matcher(tensor.name());
    if (!number.find()) {
      return false;
    }
    int layer = Integer.parseInt(number.group(1));
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }

  private static GgmlType withSmallerBlocks(GgmlType type, long columns) {
    GgmlType smaller =
        switch (type) {
          case Q4_K -> GgmlType.Q5_0;
          case Q6_K -> GgmlType.Q8_0;
          default -> GgmlType.F16;
        };
    return columns % smaller.blockElements() == 0 ? smaller : GgmlType.F16;
  }
}
