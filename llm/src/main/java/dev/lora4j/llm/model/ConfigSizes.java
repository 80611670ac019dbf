package dev.lora4j.llm.model;

import dev.lora4j.io.JsonDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The sizes in a {@code config.json} that are checked against the shapes of the weights. The check
 * precedes the construction of the model, so a wrong size allocates nothing.
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
  public record Dimension(String tensor, int axis, List<String> keys) {

    public Dimension {
      keys = List.copyOf(keys);
    }

    public Dimension(String tensor, int axis, String... keys) {
      this(tensor, axis, List.of(keys));
    }

    private Optional<String> problem(
        JsonDocument config, Map<String, List<Long>> shapes, long largest) {
      List<String> given = keys.stream().filter(config::has).toList();
      List<Long> shape = shapes.getOrDefault(tensor, List.of());
      boolean isKnown = axis < shape.size();
      boolean isExact = isKnown && given.equals(keys);
      long limit = isKnown ? shape.get(axis) : largest;
      long size = given.stream().mapToLong(config::size).reduce(1, (a, b) -> a * b);
      if (isExact ? size == limit : size <= limit) {
        return Optional.empty();
      }
      String why = isKnown ? "as in " + tensor + " " + shape : "the largest dimension of a weight";
      return Optional.of(
          "`%s`: expected %s%d, %s, found %s"
              .formatted(
                  String.join("` · `", given),
                  isExact ? "" : "at most ",
                  limit,
                  why,
                  given.stream()
                      .map(key -> String.valueOf(config.size(key)))
                      .collect(Collectors.joining(" · "))));
    }
  }

  public ConfigSizes {
    dimensions = List.copyOf(dimensions);
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
