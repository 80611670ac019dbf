package dev.lora4j.llm.gguf;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorSource;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufSource;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.gpt2.Gpt2Config;
import dev.lora4j.llm.model.gpt2.Gpt2Family;
import dev.lora4j.llm.model.transformer.NestedFamily;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.llm.model.transformer.TransformerFamily;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Writes a model as the GGUF file that llama.cpp's converter would produce. Matrices have the
 * requested type, all other tensors F32. Of a quantised type, embeddings and output head are Q8_0,
 * as are matrices whose rows don't fill its blocks; those that don't fill Q8_0's are F16.
 */
public final class GgufModelWriter implements GgufNames.Sink {
  /** The key of YaRN's {@code mscale_all_dim}, with which llama.cpp assumes an mscale of one. */
  static final String YARN_MAGNITUDE = "rope.scaling.yarn_log_multiplier";

  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final Map<String, GgufSource> tensors = new LinkedHashMap<>();
  private final String architecture;

  private GgufModelWriter(String architecture) {
    this.architecture = architecture;
    metadata.put("general.architecture", GgufValue.of(architecture));
    metadata.put("general.type", GgufValue.of("model"));
  }

  /**
   * Writes a model; of one with vision, the text model.
   *
   * @param fields its {@code config.json}
   * @param files its tokenizer files
   * @param state its tensors by transformers' names, without a tied head
   * @param type of the matrices, one that can be written
   * @return the matrices that have another type
   * @throws UserError if the format can't express a setting, or the disk refuses
   */
  public static BlockFallbacks write(
      Path out,
      JsonDocument fields,
      ModelFiles files,
      Map<String, TensorSource> state,
      GgmlType type) {
    ModelFamily family = ModelFamily.of(fields);
    if (family instanceof NestedFamily nested) {
      Map<String, TensorSource> ofText = new LinkedHashMap<>();
      state.forEach((name, source) -> ofText.put(nested.textName(name), source));
      return write(out, nested.text(fields), files, ofText, type);
    }
    GgufNames names = family.gguf().orElseThrow(() -> unsupported(family));
    GgufModelWriter writer = new GgufModelWriter(names.ggufArchitecture());
    if (family instanceof TransformerFamily transformer) {
      names.requireWritable(fields);
      TransformerConfig config = transformer.config(fields);
      writer.describe(config, names);
      names.describe(fields, writer);
      names.numbers().forEach((key, inGguf) -> writer.put(inGguf, fields.number(key)));
      Layout layout = Layout.of(names, config.heads(), config.groups());
      return writer.finish(out, layout, config.vocabularySize(), files, state, type);
    } else if (family instanceof Gpt2Family) {
      Gpt2Config config = Gpt2Config.of(fields);
      writer.describe(config);
      Layout layout = Layout.of(names, config.heads(), config.heads());
      return writer.finish(out, layout, config.vocabularySize(), files, state, type);
    }
    throw unsupported(family);
  }

  private static UserError unsupported(ModelFamily family) {
    return new UserError(
        "a model of type %s can't be written as GGUF".formatted(family.modelType()));
  }

  private void describe(Gpt2Config config) {
    if (!config.activation().startsWith("gelu_")) {
      throw new UserError(
          "llama.cpp's gpt2 computes with gelu_new, the model with " + config.activation());
    }
    put("block_count", config.layers());
    put("context_length", config.maxPositions());
    put("embedding_length", config.hiddenSize());
    put("feed_forward_length", config.intermediateSize());
    put("attention.head_count", config.heads());
    put("attention.layer_norm_epsilon", config.normEpsilon());
  }

  private void describe(TransformerConfig config, GgufNames names) {
    put("block_count", config.layers());
    put("context_length", names.storesWindows() ? config.maxPositions() : context(config));
    put("embedding_length", config.hiddenSize());
    put("feed_forward_length", config.intermediateSize());
    put("attention.head_count", config.heads());
    put("attention.head_count_kv", config.groups());
    put("attention.layer_norm_rms_epsilon", config.normEpsilon());
    put("attention.key_length", config.headDim());
    put("attention.value_length", config.headDim());
    put("rope.dimension_count", config.headDim());
    put("rope.freq_base", config.ropeTheta());
    put("vocab_size", config.vocabularySize());
    if (config.ropeScaling() instanceof RopeScaling.Linear linear) {
      metadata.put(architecture + ".rope.scaling.type", GgufValue.of("linear"));
      put("rope.scaling.factor", linear.factor());
    } else if (config.ropeScaling() instanceof RopeScaling.Yarn yarn) {
      describe(yarn, names.storesYarnMagnitude());
    } else if (config.ropeScaling() instanceof RopeScaling.LongRope longRope) {
      put(LongRopeTensors.ORIGINAL, longRope.originalPositions());
      put(LongRopeTensors.MAGNITUDE, longRope.attentionFactor());
      LongRopeTensors.add(longRope, tensors);
    } else if (config.ropeScaling() instanceof RopeScaling.Llama3 llama3) {
      put("rope.scaling.original_context_length", (int) llama3.originalPositions());
      float[] factors = LlamaRope.factors(llama3, config.ropeTheta(), config.headDim());
      tensors.put(
          Layout.ROPE_FACTORS,
          new GgufSource(
              GgmlType.F32,
              List.of((long) factors.length),
              () -> Ops.tensor(factors, factors.length)));
    }
  }

  /** llama.cpp truncates the ramp, and takes the cosines' factor from that of the frequencies. */
  private void describe(RopeScaling.Yarn yarn, boolean storesMagnitude) {
    boolean isUsual = Math.abs(yarn.attentionFactor() - usualMagnitude(yarn.factor())) <= 1e-6;
    if (!yarn.truncated() || !(isUsual || storesMagnitude)) {
      throw new UserError(
          "rope_scaling: llama.cpp has yarn only with truncate = true and attention_factor = 0.1 ln(factor) + 1");
    }
    if (!isUsual) {
      put(YARN_MAGNITUDE, magnitudeOfAllDimensions(yarn));
    }
    metadata.put(architecture + ".rope.scaling.type", GgufValue.of("yarn"));
    put("rope.scaling.factor", yarn.factor());
    put("rope.scaling.original_context_length", (int) yarn.originalPositions());
    put("rope.scaling.yarn_beta_fast", yarn.betaFast());
    put("rope.scaling.yarn_beta_slow", yarn.betaSlow());
  }

  private static double usualMagnitude(double factor) {
    return 0.1 * Math.log(factor) + 1;
  }

  /** Returns the {@code mscale_all_dim} that gives the cosines' factor with {@code mscale = 1}. */
  private static double magnitudeOfAllDimensions(RopeScaling.Yarn yarn) {
    double usual = usualMagnitude(yarn.factor());
    return (usual / yarn.attentionFactor() - 1) / (usual - 1);
  }

  /** Returns the context length, limited to the shortest window: llama.cpp has none here. */
  private static int context(TransformerConfig config) {
    long context = config.maxPositions();
    for (OptionalLong window : config.windows()) {
      context = Math.min(context, window.orElse(context));
    }
    return (int) context;
  }

  @Override
  public void put(String key, int number) {
    metadata.put(architecture + "." + key, new GgufValue.Whole(GgufKind.U32, number));
  }

  @Override
  public void put(String key, double number) {
    metadata.put(architecture + "." + key, GgufValue.of((float) number));
  }

  private BlockFallbacks finish(
      Path out,
      Layout layout,
      int vocabulary,
      ModelFiles files,
      Map<String, TensorSource> state,
      GgmlType type) {
    TokenizerMetadata.add(files, vocabulary, metadata);
    Map<GgmlType, Integer> instead = new LinkedHashMap<>();
    ExpertTensors.separated(state)
        .forEach(
            (name, source) -> {
              String own =
                  layout
                      .gguf(name)
                      .orElseThrow(
                          () -> new UserError("llama.cpp's " + architecture + " has no " + name));
              List<Long> shape =
                  layout.isTransposed(name)
                      ? List.of(source.shape().get(1), source.shape().get(0))
                      : source.shape();
              GgmlType written = typeOf(own, shape, type);
              if (shape.size() > 1 && written != firstChoice(own, type)) {
                instead.merge(written, 1, Integer::sum);
              }
              tensors.put(
                  own,
                  new GgufSource(written, shape, () -> layout.toGguf(name, source.value().get())));
            });
    GgufWriter.stream(out, metadata, tensors);
    long matrices = tensors.values().stream().filter(source -> source.shape().size() > 1).count();
    return new BlockFallbacks(type, (int) matrices, instead);
  }

  /** Returns the wanted type if a matrix's rows are whole blocks of it, else one that fits. */
  private static GgmlType typeOf(String name, List<Long> shape, GgmlType wanted) {
    if (shape.size() < 2) {
      return GgmlType.F32;
    }
    long columns = shape.get(shape.size() - 1);
    return Stream.of(firstChoice(name, wanted), GgmlType.Q8_0)
        .filter(type -> columns % type.blockElements() == 0)
        .findFirst()
        .orElse(GgmlType.F16);
  }

  /** Embeddings and the output head, which suffer most, have at least 8 bits. */
  private static GgmlType firstChoice(String name, GgmlType wanted) {
    return name.startsWith("blk.") || !wanted.isQuantized() ? wanted : GgmlType.Q8_0;
  }
}
