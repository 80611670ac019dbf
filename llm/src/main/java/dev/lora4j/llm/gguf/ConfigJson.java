package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.gpt2.Gpt2Config;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Converts the metadata and tensor names of a GGUF file to a {@code config.json}. */
final class ConfigJson {
  private final Metadata metadata;
  private final GgufNames names;
  private final String architecture;
  private final Set<String> tensors;
  private final int vocabulary;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();

  private ConfigJson(Metadata metadata, GgufNames names, Set<String> tensors, int vocabulary) {
    this.metadata = metadata;
    this.names = names;
    architecture = names.ggufArchitecture();
    this.tensors = tensors;
    this.vocabulary = vocabulary;
  }

  /** Returns the config for llama.cpp's names of the tensors and the rows of the embedding. */
  static ObjectNode of(Metadata metadata, GgufNames names, Set<String> tensors, int vocabulary) {
    ConfigJson config = new ConfigJson(metadata, names, tensors, vocabulary);
    config.checkVocabulary();
    config.refuse();
    if (names.ggufArchitecture().equals(Gpt2Config.MODEL_TYPE)) {
      config.gpt2();
    } else {
      config.llama();
    }
    config.tokens();
    return config.json;
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private void checkVocabulary() {
    OptionalInt stored = metadata.whole(key("vocab_size"));
    if (stored.isPresent() && stored.getAsInt() != vocabulary) {
      throw new CorruptFile(
          metadata.file(),
          "%s is %d, but token_embd.weight has %d rows"
              .formatted(key("vocab_size"), stored.getAsInt(), vocabulary));
    }
  }

  /** Refuses settings that would change the result and that no supported network has. */
  private void refuse() {
    if (!names.hasExperts() && metadata.whole(key("expert_count")).orElse(0) > 0) {
      throw unsupported("expert_count", "experts");
    }
    for (String scale :
        List.of("logit_scale", "residual_scale", "embedding_scale", "attention.scale")) {
      boolean known = names.numbers().containsValue(scale);
      if (!known && metadata.number(key(scale)).orElse(0.0) != 0) {
        throw unsupported(scale, "a scale");
      }
    }
    for (String cap :
        List.of("attn_logit_softcapping", "final_logit_softcapping", "attention.clamp_kqv")) {
      if (!names.caps().contains(cap) && metadata.number(key(cap)).orElse(0.0) != 0) {
        throw unsupported(cap, "a cap");
      }
    }
  }

  private UserError unsupported(String key, String what) {
    return new UserError(
        "%s: %s: %s is not supported, and it would change the result"
            .formatted(metadata.file(), key(key), what));
  }

  // ---- the Llama family ----

  private void llama() {
    int heads = metadata.size(key("attention.head_count"));
    int hidden = metadata.size(key("embedding_length"));
    int headDim = headDim(hidden, heads);
    int context = metadata.size(key("context_length"));
    OptionalInt window = metadata.whole(key("attention.sliding_window"));
    boolean windowed = window.isPresent() && window.getAsInt() > 0 && window.getAsInt() < context;
    ModelFamily family = family(windowed);
    name(family);
    json.put("vocab_size", vocabulary);
    json.put("hidden_size", hidden);
    json.put("intermediate_size", metadata.size(key("feed_forward_length")));
    json.put("num_hidden_layers", metadata.size(key("block_count")));
    json.put("num_attention_heads", heads);
    json.put("num_key_value_heads", groups(heads));
    json.put("head_dim", headDim);
    json.put("max_position_embeddings", context);
    json.put("rms_norm_eps", number("attention.layer_norm_rms_epsilon"));
    json.put("hidden_act", "silu");
    json.put("attention_dropout", 0.0);
    json.put("tie_word_embeddings", !tensors.contains("output.weight"));
    if (windowed || names.storesWindows()) {
      int stored = window.orElse(context);
      if (stored > 0) {
        json.put("sliding_window", stored);
      } else {
        json.putNull("sliding_window");
      }
    }
    family.gguf().orElse(names).addFlags(tensors, json);
    json.put("rope_theta", metadata.number(key("rope.freq_base")).orElse(10_000.0));
    ropeScaling();
    names.numbers().forEach((key, inGguf) -> json.put(key, number(inGguf)));
    names.addFields(name -> metadata.number(key(name)), json);
  }

  /** Families with the same architecture, such as Llama and Mistral, differ in their windows. */
  private ModelFamily family(boolean windowed) {
    if (windowed && !names.storesWindows() && tensors.contains("blk.0.attn_q.bias")) {
      throw unsupportedWindow();
    }
    return ModelFamily.all().stream()
        .filter(
            family ->
                family.gguf().stream()
                    .anyMatch(
                        gguf ->
                            gguf.ggufArchitecture().equals(architecture)
                                && (gguf.hasWindows() == windowed || gguf.storesWindows())))
        .findFirst()
        .orElseThrow(this::unsupportedWindow);
  }

  private UserError unsupportedWindow() {
    return unsupported("attention.sliding_window", "a window in this architecture");
  }

  private int groups(int heads) {
    OptionalInt groups = metadata.whole(key("attention.head_count_kv"));
    return groups.isPresent() ? metadata.size(key("attention.head_count_kv")) : heads;
  }

  private int headDim(int hidden, int heads) {
    OptionalInt rotated = metadata.whole(key("rope.dimension_count"));
    OptionalInt keys = metadata.whole(key("attention.key_length"));
    OptionalInt values = metadata.whole(key("attention.value_length"));
    int headDim = keys.orElse(hidden / heads);
    if (values.orElse(headDim) != headDim) {
      throw unsupported("attention.value_length", "a size that differs from that of the keys");
    }
    if (rotated.orElse(headDim) != headDim && !names.rotatesPartially()) {
      throw unsupported("rope.dimension_count", "rotating only a part of each head");
    }
    if (architecture.equals("qwen2") && headDim * heads != hidden) {
      throw unsupported("attention.key_length", "a width that differs from heads × head size");
    }
    return headDim;
  }

  private double number(String name) {
    return metadata.number(key(name)).orElseThrow(() -> metadata.missing(key(name), "a number"));
  }

  private void ropeScaling() {
    String kind = metadata.text(key("rope.scaling.type")).orElse("none");
    switch (kind) {
      case "none" -> metadata.number(key("rope.scale_linear")).ifPresent(this::linear);
      case "linear" ->
          linear(
              metadata
                  .number(key("rope.scaling.factor"))
                  .orElseThrow(() -> metadata.missing(key("rope.scaling.factor"), "a number")));
      case "yarn" -> yarn();
      case "longrope" -> requireLongRope();
      default -> throw unsupported("rope.scaling.type", "'" + kind + "' (supported: linear, yarn)");
    }
  }

  /** The factors are tensors, which {@link LongRopeTensors} reads. */
  private void requireLongRope() {
    if (!names.hasLongRope() || tensors.stream().noneMatch(LongRopeTensors::has)) {
      throw unsupported("rope.scaling.type", "'longrope' without its factors");
    }
  }

  private void yarn() {
    ObjectNode scaling = json.putObject("rope_scaling").put("rope_type", "yarn");
    scaling.put("factor", number("rope.scaling.factor"));
    scaling.put(
        "original_max_position_embeddings",
        metadata.size(key("rope.scaling.original_context_length")));
    metadata
        .number(key("rope.scaling.yarn_beta_fast"))
        .ifPresent(beta -> scaling.put("beta_fast", beta));
    metadata
        .number(key("rope.scaling.yarn_beta_slow"))
        .ifPresent(beta -> scaling.put("beta_slow", beta));
    if (names.storesYarnMagnitude()) {
      metadata
          .number(key(GgufModelWriter.YARN_MAGNITUDE))
          .filter(all -> all != 0)
          .ifPresent(all -> scaling.put("mscale", 1).put("mscale_all_dim", all));
    }
  }

  private void linear(double factor) {
    if (factor != 1 && factor != 0) {
      json.putObject("rope_scaling").put("rope_type", "linear").put("factor", factor);
    }
  }

  // ---- GPT-2 ----

  private void gpt2() {
    name(family(false));
    json.put("vocab_size", vocabulary);
    json.put("n_embd", metadata.size(key("embedding_length")));
    json.put("n_inner", metadata.size(key("feed_forward_length")));
    json.put("n_layer", metadata.size(key("block_count")));
    json.put("n_head", metadata.size(key("attention.head_count")));
    json.put("n_positions", metadata.size(key("context_length")));
    json.put("layer_norm_epsilon", number("attention.layer_norm_epsilon"));
    json.put("activation_function", "gelu_new");
    json.put("tie_word_embeddings", !tensors.contains("output.weight"));
    for (String dropout : List.of("embd_pdrop", "resid_pdrop", "attn_pdrop")) {
      json.put(dropout, 0.1);
    }
  }

  // ---- all architectures ----

  private void name(ModelFamily family) {
    json.putArray("architectures").add(family.architecture());
    json.put("model_type", family.modelType());
    json.put("torch_dtype", "float32");
    json.put("use_cache", true);
  }

  private void tokens() {
    for (SpecialToken token : List.of(SpecialToken.BOS, SpecialToken.EOS, SpecialToken.PAD)) {
      metadata
          .whole(token.key())
          .ifPresentOrElse(id -> json.put(token.idName(), id), () -> json.putNull(token.idName()));
    }
  }
}
