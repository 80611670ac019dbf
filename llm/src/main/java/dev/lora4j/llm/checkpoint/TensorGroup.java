package dev.lora4j.llm.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tensors whose names differ only in the layer number.
 *
 * @param name the name with a range of numbers: {@code model.layers.0-29.mlp.up_proj.weight}
 * @param count the number of tensors
 * @param format the storage format of each, such as {@code F32} or {@code Q4_K}
 * @param shape the shape of each
 */
public record TensorGroup(String name, int count, String format, List<Long> shape) {
  private static final Pattern NUMBER = Pattern.compile("(?<=^|\\.)\\d+(?=\\.)");

  public TensorGroup {
    shape = List.copyOf(shape);
  }

  private record Key(String before, String after, String format, List<Long> shape) {}

  /** Groups tensors by name, format and shape, in the order of the first tensor of each group. */
  public static List<TensorGroup> of(List<ListedTensor> tensors) {
    Map<Key, TreeSet<Integer>> numbers = new LinkedHashMap<>();
    tensors.forEach(
        tensor -> {
          String name = tensor.name();
          Matcher number = NUMBER.matcher(name);
          boolean numbered = number.find() && number.group().length() < 9;
          String before = numbered ? name.substring(0, number.start()) : name;
          String after = numbered ? name.substring(number.end()) : "";
          TreeSet<Integer> group =
              numbers.computeIfAbsent(
                  new Key(before, after, tensor.format(), tensor.shape()), k -> new TreeSet<>());
          if (numbered) {
            group.add(Integer.valueOf(number.group()));
          }
        });
    List<TensorGroup> groups = new ArrayList<>();
    numbers.forEach((key, group) -> groups.add(group(key, group)));
    return groups;
  }

  private static TensorGroup group(Key key, TreeSet<Integer> numbers) {
    String name = key.before + range(numbers) + key.after;
    return new TensorGroup(name, Math.max(1, numbers.size()), key.format, key.shape);
  }

  /** Formats a range: {@code 0-29}, or {@code 0-5,7} if some are missing. */
  private static String range(TreeSet<Integer> numbers) {
    List<String> parts = new ArrayList<>();
    Integer first = null;
    for (Integer number : numbers) {
      first = first == null ? number : first;
      if (!numbers.contains(number + 1)) {
        parts.add(first.equals(number) ? String.valueOf(number) : first + "-" + number);
        first = null;
      }
    }
    return String.join(",", parts);
  }
}
