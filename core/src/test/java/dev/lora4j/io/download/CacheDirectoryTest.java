package dev.lora4j.io.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheDirectoryTest {
  private static final Path HOME = Path.of("/home/ada");

  @Test
  void followsXdg() {
    assertThat(CacheDirectory.get(Map.of(), HOME)).isEqualTo(Path.of("/home/ada/.cache/lora4j"));
    assertThat(CacheDirectory.get(Map.of("XDG_CACHE_HOME", "relative"), HOME))
        .isEqualTo(Path.of("/home/ada/.cache/lora4j"));
    Path absolute = Path.of("cache").toAbsolutePath();
    assertThat(CacheDirectory.get(Map.of("XDG_CACHE_HOME", absolute.toString()), HOME))
        .isEqualTo(absolute.resolve("lora4j"));
  }
}
