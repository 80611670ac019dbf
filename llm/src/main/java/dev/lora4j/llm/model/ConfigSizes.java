package dev.lora4j.llm.model;

import dev.lora4j.io.JsonDocument;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The sizes in a {@code config.json} that the shapes of the weights show. They are compared before
 * a model is built, so that a wrong size allocates nothing.
 *
 * @param layers the key of the number of layers
 * @param layerPrefix the names of a layer's tensors up to its number, such as {@code model.layers.}
 * @param dimensions the other sizes
 */
public record ConfigSizes(String layers, String layerPrefix, List<Dimension> dimensions) {

  /**
   * A dimension of a tensor.
   *
   * @param tensor its name
   * @param axis the dimension
   * @param keys the key of the size, or the keys of its factors
   */
  public record Dimension(String tensor, int axis, String... keys) {

    private Optional<String> problem(
        JsonDocument config, Map<String, List<Long>> shapes, long largest) {
      List<Integer> factors =
          Arrays.stream(keys).filter(config::has).map(config::size).toList();
      List<Long> shape = shapes.getOrDefault(tensor, List.of());
      boolean isKnown = axis < shape.size();
      boolean isWhole = factors.size() == keys.length;
      long limit = isKnown ? shape.get(axis) : largest;
      long size = factors.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
      if (isKnown && isWhole ? size == limit : size <= limit) {
        return Optional.empty();
      }
      String keysGiven =
          Arrays.stream(keys).filter(config::has).collect(Collectors.joining("` · `"));
      String found = factors.stream().map(String::valueOf).collect(Collectors.joining(" · "));
      return Optional.of(
          "`%s`: expected %s%d, %s, found %s"
              .formatted(
                  keysGiven,
                  isKnown && isWhole ? "" : "at most ",
                  limit,
                  isKnown ? "as in " + tensor + " " + shape : "the largest dimension of a weight",
                  found));
    }
  }

  /**
   * Lists the sizes that differ from the shapes.
   *
   * @param shapes the shape of each tensor by the model's name
   */
  public List<String> problems(JsonDocument config, Map<String, List<Long>> shapes) {
    List<String> problems = new ArrayList<>();
    layerProblem(config, shapes.keySet()).ifPresent(problems::add);
    long largest = shapes.values().stream().flatMap(List::stream).reduce(1L, Math::max);
    for (Dimension dimension : dimensions) {
      dimension.problem(config, shapes, largest).ifPresent(problems::add);
    }
    return problems;
  }

  private Optional<String> layerProblem(JsonDocument config, Set<String> names) {
    Pattern number = Pattern.compile(Pattern.quote(layerPrefix) + "\\d+");
    long found =
        names.stream()
            .flatMap(name -> number.matcher(name).results().limit(1).map(MatchResult::group))
            .distinct()
            .count();
    long limit = found == 0 ? names.size() : found; // other names: the loader lists them
    int given = config.size(layers, (int) limit);
    if (given == limit || (found == 0 && given < limit)) {
      return Optional.empty();
    }
    String expected =
        found == 0 ? "at most %d, the number of weights" : "%d, the layers of the weights";
    return Optional.of(
        "`%s`: expected %s, found %d".formatted(layers, expected.formatted(limit), given));
  }
}
