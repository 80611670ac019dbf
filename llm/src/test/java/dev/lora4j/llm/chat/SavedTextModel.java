package dev.lora4j.llm.chat;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * A small random language model in a directory of its own, with a small real tokenizer and a chat
 * template. Modules run their tests side by side, so all of them find the fixtures.
 */
public final class SavedTextModel {
  private static final Path FIXTURES = Path.of("..", "llm", "src/test/resources/fixtures/text");
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
       "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4,
       "num_key_value_heads": 2, "num_hidden_layers": 2, "head_dim": 8, "rms_norm_eps": 1e-05,
       "rope_theta": 10000.0, "max_position_embeddings": 192, "tie_word_embeddings": true,
       "vocab_size": 548, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"}
      """;

  private static final long SEED = 7;

  private SavedTextModel() {}

  /** A model with a chat template. */
  public static Path chatty(Path directory) {
    return chatty(directory, SEED);
  }

  /** A model with a chat template and weights of its own. */
  public static Path chatty(Path directory, long seed) {
    return withTemplate(plain(directory, seed));
  }

  /** A model with a chat template, whose rows are whole blocks of 64 values. */
  public static Path wide(Path directory) {
    String config =
        CONFIG
            .replace("_size\": 32", "_size\": 64")
            .replace("_size\": 48", "_size\": 128")
            .replace("head_dim\": 8", "head_dim\": 16");
    return withTemplate(plain(directory, SEED, config));
  }

  private static Path withTemplate(Path made) {
    copy(FIXTURES.resolve("chat/smollm2.jinja"), made.resolve("chat_template.jinja"));
    return made;
  }

  /** A model without a chat template. */
  public static Path plain(Path directory) {
    return plain(directory, SEED);
  }

  private static Path plain(Path directory, long seed) {
    return plain(directory, seed, CONFIG);
  }

  private static Path plain(Path directory, long seed, String fields) {
    Engine.start(); // before JavaCPP's other classes: it chooses the BLAS library
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Files.createDirectories(directory);
      Path config = Files.writeString(directory.resolve("config.json"), fields);
      copyTokenizer(directory);
      Engine.seed(seed);
      try (Llama model = new Llama(TransformerConfig.of(JsonDocument.read(config)))) {
        for (Parameter parameter : model.namedParameters().values()) {
          parameter.value().normal_(0, parameter.value().dim() == 1 ? 1 : 0.3, null);
        }
        SafetensorsWriter.write(
            directory.resolve("model.safetensors"), model.stateDict(), Map.of("format", "pt"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return directory;
  }

  /** Copies the tokenizer into a directory. */
  public static void copyTokenizer(Path directory) {
    for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      copy(FIXTURES.resolve("smollm2").resolve(name), directory.resolve(name));
    }
  }

  /** Writes an adapter that changes the completions of this model. */
  public static Path adapter(Path model, Path directory, long seed) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(model)) {
      LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(2).alpha(8));
      Engine.seed(seed);
      for (Parameter parameter : adapted.parameters("default")) {
        parameter.value().normal_(0, 0.2, null);
      }
      adapted.save("default", directory);
    }
    return directory;
  }

  private static void copy(Path from, Path to) {
    try {
      Files.copy(from, to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
