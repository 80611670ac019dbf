package dev.lora4j.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdapterTagsTest {

  @Test
  void adaptersBeyondTheBoundShareATag() {
    AdapterTags tags = new AdapterTags(100);

    assertThat(
            IntStream.range(0, 1_000)
                .mapToObj(i -> tags.of("tenant" + i))
                .collect(Collectors.toSet()))
        .hasSize(101)
        .contains("tenant0", "tenant99", AdapterTags.OTHER);
    assertThat(tags.of("tenant99")).isEqualTo("tenant99");
    assertThat(tags.of("tenant100")).isEqualTo(AdapterTags.OTHER);
  }
}
