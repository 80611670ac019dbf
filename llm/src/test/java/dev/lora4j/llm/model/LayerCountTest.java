package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.gpt2.Gpt2Config;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LayerCountTest {
  private static JsonDocument config(String json) {
    return JsonDocument.parse(Path.of("config.json"), json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void isRefusedBeforeItTakesMemory() {
    JsonDocument config = config("{\"num_hidden_layers\": 200000050}");

    assertThatThrownBy(() -> LayerCount.of(config, "num_hidden_layers"))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContainingAll("config.json", "num_hidden_layers", "10,000", "200000050");
    assertThat(LayerCount.of(config("{\"n\": 10000}"), "n")).isEqualTo(10_000);
  }

  @Test
  void configsRefuseIt() {
    JsonDocument llama =
        config(
            """
            {"model_type": "llama", "vocab_size": 260, "hidden_size": 64, "intermediate_size": 128,
             "num_attention_heads": 4, "num_hidden_layers": 200000050}
            """);
    JsonDocument gpt2 =
        config(
            """
            {"model_type": "gpt2", "vocab_size": 260, "n_embd": 64, "n_head": 4,
             "n_layer": 200000050}
            """);
    assertThatThrownBy(() -> ModelFamily.named("llama").orElseThrow().create(llama))
        .hasMessageContaining("num_hidden_layers");
    assertThatThrownBy(() -> Gpt2Config.of(gpt2)).hasMessageContaining("n_layer");
  }
}
