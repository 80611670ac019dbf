package dev.lora4j.cli.options;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import java.util.List;
import java.util.Locale;

/** Data types by their names on the command line. */
public final class DTypeName {
  private static final List<String> NAMES = List.of("float32", "float16", "bfloat16");

  private DTypeName() {}

  /** Returns the data type of a safetensors file. */
  public static DType parse(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "float32", "f32", "fp32" -> DType.F32;
      case "float16", "f16", "fp16" -> DType.F16;
      case "bfloat16", "bf16" -> DType.BF16;
      case "q8_0" ->
          throw new UserError(
              "--dtype: q8_0 applies to GGUF models; expected " + String.join(", ", NAMES));
      default ->
          throw new UserError(
              "--dtype: unknown data type '" + name + "'" + NearMiss.hint(name, NAMES));
    };
  }

  /** Returns the data type of the matrices of a GGUF file. */
  public static GgmlType parseGgml(String name) {
    return name.equalsIgnoreCase(GgmlType.Q8_0.name())
        ? GgmlType.Q8_0
        : GgmlType.valueOf(parse(name).name());
  }
}
