package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigSizesTest {
  private static final int HUGE = Integer.MAX_VALUE;

  private final ObjectNode config = JsonNodeFactory.instance.objectNode();
  private final Map<String, List<Long>> shapes = new HashMap<>();
  private final ConfigSizes llama = ModelFamily.named("llama").orElseThrow().sizes();

  ConfigSizesTest() {
    config.put("num_hidden_layers", 1).put("vocab_size", 10).put("hidden_size", 4);
    config.put("num_attention_heads", 2).put("head_dim", 3);
    shapes.put("model.embed_tokens.weight", List.of(10L, 4L));
    shapes.put("model.layers.0.self_attn.q_proj.weight", List.of(6L, 4L));
  }

  private List<String> problems(ConfigSizes sizes) {
    return sizes.problems(JsonDocument.of(Path.of("config.json"), config), shapes);
  }

  @Test
  void sizesThatFitHaveNoProblem() {
    assertThat(problems(llama)).isEmpty();
  }

  @Test
  void differingSizeIsNamedWithItsTensor() {
    config.put("hidden_size", 5).put("num_hidden_layers", 3);
    assertThat(problems(llama))
        .containsExactly(
            "`num_hidden_layers`: expected 1, the layers of the weights, found 3",
            "`hidden_size`: expected 4, as in model.embed_tokens.weight [10, 4], found 5");
  }

  @Test
  void productOfTwoSizesIsCompared() {
    config.put("head_dim", HUGE);
    assertThat(problems(llama).get(0))
        .startsWith("`num_attention_heads` · `head_dim`: expected 6,")
        .endsWith("found 2 · " + HUGE);
  }

  @Test
  void factorOfAProductIsBounded() {
    config.remove("head_dim");
    assertThat(problems(llama)).isEmpty();
    config.put("num_attention_heads", 7);
    assertThat(problems(llama).get(0))
        .startsWith("`num_attention_heads`: expected at most 6,")
        .endsWith("found 7");
  }

  @Test
  void sizeWithoutItsTensorIsBoundedByTheLargestDimension() {
    config.put("intermediate_size", 10);
    assertThat(problems(llama)).isEmpty();
    config.put("intermediate_size", 11);
    assertThat(problems(llama))
        .containsExactly(
            "`intermediate_size`: expected at most 10, the largest dimension of a weight, found 11");
  }

  static List<ModelFamily> families() {
    return ModelFamily.all();
  }

  @ParameterizedTest
  @MethodSource("families")
  void eachFamilyBoundsItsSizes(ModelFamily family) {
    ConfigSizes sizes = family.sizes();
    config.removeAll();
    config.put(sizes.layers(), HUGE);
    sizes.dimensions().forEach(d -> d.keys().forEach(key -> config.put(key, HUGE)));
    assertThat(problems(sizes)).hasSize(1 + sizes.dimensions().size());
  }
}
