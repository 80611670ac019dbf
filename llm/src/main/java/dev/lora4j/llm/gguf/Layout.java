package dev.lora4j.llm.gguf;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.lora.format.GgufArchitecture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** The tensor layout of an architecture in llama.cpp: names, row order, and transposition. */
final class Layout {
  /** The divisors of Llama 3's RoPE frequencies. */
  static final String ROPE_FACTORS = "rope_freqs.weight";

  private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");
  private static final Pattern PARAMETER = Pattern.compile("(.+)\\.(weight|bias)");

  private static final Pattern NORM = Pattern.compile(".*norm\\.weight");

  private final GgufArchitecture architecture;
  private final double normOffset;
  private final Map<String, String> toGguf = new HashMap<>();
  private final Map<String, String> toHuggingFace = new HashMap<>();

  private Layout(GgufArchitecture architecture, Map<String, String> others, double normOffset) {
    this.architecture = architecture;
    this.normOffset = normOffset;
    toGguf.putAll(architecture.layers());
    toGguf.putAll(others);
    toGguf.forEach((huggingFace, gguf) -> toHuggingFace.put(gguf, huggingFace));
  }

  /** The layout of an architecture, by its numbers of attention and key/value heads. */
  static Layout of(GgufNames names, int heads, int groups) {
    return new Layout(names.layers(heads, groups), names.otherModules(), names.normOffset());
  }

  /** The names of a family's {@code general.architecture}. */
  static GgufNames names(Path file, String architecture) {
    return GgufNames.of(architecture).orElseThrow(() -> unknown(file, architecture));
  }

  private static UserError unknown(Path file, String name) {
    List<String> known = GgufNames.architectures();
    return new UserError(
        "%s: general.architecture '%s' is not supported%s; supported: %s"
            .formatted(
                file,
                name,
                NearMiss.nearest(name, known).isEmpty() ? "" : NearMiss.hint(name, known),
                String.join(", ", known)));
  }

  /** Returns the file's tensors by transformers' names; an error lists unexpected tensors. */
  Map<String, String> names(Path file, Iterable<String> inFile) {
    Map<String, String> names = new LinkedHashMap<>();
    List<String> unknown = new ArrayList<>();
    for (String name : inFile) {
      if (!name.equals(ROPE_FACTORS) && !LongRopeTensors.has(name)) {
        huggingFace(name).ifPresentOrElse(own -> names.put(own, name), () -> unknown.add(name));
      }
    }
    if (!unknown.isEmpty()) {
      int shown = Math.min(10, unknown.size());
      throw new UserError(
          "%s: %d tensors that no %s has: %s%s"
              .formatted(
                  file,
                  unknown.size(),
                  architecture.name(),
                  String.join(", ", unknown.subList(0, shown)),
                  shown < unknown.size() ? ", …" : ""));
    }
    return names;
  }

  private Optional<String> huggingFace(String gguf) {
    return renamed(gguf, toHuggingFace);
  }

  /** Returns llama.cpp's name of a tensor; empty if it has none. */
  Optional<String> gguf(String huggingFace) {
    return renamed(huggingFace, toGguf);
  }

  private static Optional<String> renamed(String name, Map<String, String> table) {
    Matcher parameter = PARAMETER.matcher(name);
    if (!parameter.matches()) {
      return Optional.empty();
    }
    String module = table.get(NUMBER.matcher(parameter.group(1)).replaceAll("#"));
    if (module == null) {
      return Optional.empty();
    }
    Matcher number = NUMBER.matcher(name);
    String numbered = number.find() ? module.replace("#", number.group()) : module;
    return Optional.of(numbered + "." + parameter.group(2));
  }

  /** Returns whether a tensor is transposed in the file, as GPT-2's linear weights are. */
  boolean isTransposed(String huggingFace) {
    return architecture.name().equals("gpt2")
        && huggingFace.matches(".*\\.(c_attn|c_proj|c_fc)\\.weight");
  }

  /** Converts a tensor from GGUF's layout to transformers'. */
  Tensor fromGguf(String huggingFace, Tensor tensor) {
    Tensor ordered = shifted(huggingFace, -normOffset, tensor, architecture::fromLlamaCpp);
    return isTransposed(huggingFace) ? ordered.t().contiguous() : ordered;
  }

  /**
   * Reorders the rows of a matrix from GGUF's order to transformers'; it is not transposed.
   *
   * @param rows {@code [out, …]}, of values or of blocks
   */
  Tensor rowsFromGguf(String huggingFace, Tensor rows) {
    return architecture.fromLlamaCpp(module(huggingFace), rows).contiguous();
  }

  /** Converts a tensor from transformers' layout to GGUF's. */
  Tensor toGguf(String huggingFace, Tensor tensor) {
    Tensor transposed = isTransposed(huggingFace) ? tensor.t() : tensor;
    return shifted(huggingFace, normOffset, transposed, architecture::toLlamaCpp);
  }

  /** Reorders a tensor's rows, or adds the offset to the weight of a norm. */
  private static Tensor shifted(
      String name, double offset, Tensor tensor, BiFunction<String, Tensor, Tensor> reorder) {
    return offset != 0 && NORM.matcher(name).matches()
        ? tensor.add(new Scalar(offset))
        : reorder.apply(module(name), tensor);
  }

  private static String module(String parameter) {
    return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
  }
}
