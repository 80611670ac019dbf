package dev.lora4j.cli;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** A small random Llama with a tokenizer and a chat template, as a directory. */
final class SmallLanguageModel {
  private static final Path TEXT = Path.of("../llm/src/test/resources/fixtures/text");
  private static final int VOCABULARY = 600;

  private SmallLanguageModel() {}

  static Path write(Path directory) throws IOException {
    return write(directory, VOCABULARY);
  }

  static Path write(Path directory, int vocabulary) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
         "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "head_dim": 8,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true,
         "torch_dtype": "float32", "vocab_size": %d}
        """
            .formatted(vocabulary));
    for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(TEXT.resolve("smollm2").resolve(name), directory.resolve(name));
    }
    Files.copy(TEXT.resolve("chat/smollm2.jinja"), directory.resolve("chat_template.jinja"));
    Engine.seed(3);
    try (PointerScope scope = new PointerScope();
        Llama model =
            new Llama(TransformerConfig.of(JsonDocument.read(directory.resolve("config.json"))))) {
      SafetensorsWriter.write(
          directory.resolve("model.safetensors"), model.stateDict(), Map.of("format", "pt"));
    }
    return directory;
  }

  /** Writes an adapter of rank 2 with random values. */
  static Path adapter(Path model, Path directory) {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(model);
        NoGradGuard guard = new NoGradGuard()) {
      LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(2));
      Engine.seed(4);
      adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.05, null));
      adapted.save("default", directory);
    }
    return directory;
  }

  /** Questions with easily learned answers. */
  static Path chats(Path file, int count) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          """
          {"messages": [{"role": "user", "content": "What is %d?"}, {"role": "assistant", "content": "A number, %d."}]}
          """
              .formatted(i, i));
    }
    return Files.writeString(file, rows);
  }

  /** Questions with a better and a worse answer. */
  static Path preferences(Path file, int count) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          """
          {"prompt": "What is %d?\\n", "chosen": "A number.", "rejected": "I do not know."}
          """
              .formatted(i));
    }
    return Files.writeString(file, rows);
  }
}
