package dev.lora4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardIndexTest {
  private final Path dir;

  ShardIndexTest(@TempDir Path dir) {
    this.dir = dir;
  }

  private Set<String> shards(String text) throws IOException {
    return ShardIndex.read(Files.writeString(dir.resolve("model.safetensors.index.json"), text))
        .shards();
  }

  @Test
  void listsEachShardOnce() throws IOException {
    assertThat(
            shards(
                "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-1.safetensors\","
                    + " \"c\": \"m-2.safetensors\"}}"))
        .containsExactly("m-1.safetensors", "m-2.safetensors");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "{}",
        "{\"weight_map\": {}}",
        "{\"weight_map\": [\"m.safetensors\"]}",
        "{\"weight_map\": {\"a\": \"../m.safetensors\"}}",
        "{\"weight_map\": {\"a\": \"config.json\"}}",
        "{\"weight_map\": {\"a\": 7}}"
      })
  void anythingButAnIndexIsRefused(String text) {
    assertThatThrownBy(() -> shards(text)).isInstanceOf(CorruptFile.class);
  }
}
