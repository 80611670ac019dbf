package dev.lora4j.models.table;

import dev.lora4j.UserError;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.Ops;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A folder with the tables {@code train} and {@code test}, {@code .csv} or {@code .parquet}: a row
 * an example, numbers in all columns but that of the class, or in that too.
 */
public final class TableFolder {
  private final Path root;
  private final String label;

  private TableFolder(Path root, String label) {
    this.root = root;
    this.label = label;
  }

  /**
   * The tables of a folder.
   *
   * @param label the column of what is to be learned: a class or a number
   */
  public static TableFolder at(Path root, String label) {
    return new TableFolder(root, label);
  }

  /**
   * Both tables, as {@code [rows, features]} floats, with a class or a number for each row.
   *
   * @param train to learn from
   * @param test to be examined on
   * @param classes those of the training table: in the order of their numbers where all are whole
   *     numbers, else by name; none where numbers are to be learned
   * @param features the names of the columns of numbers
   */
  public record Splits(
      TensorDataset train, TensorDataset test, List<String> classes, List<String> features)
      implements AutoCloseable {
    @Override
    public void close() {
      train.close();
      test.close();
    }
  }

  /**
   * Reads both tables, with a class for each row; the caller closes them.
   *
   * @throws UserError if one is missing or empty, they have other columns, or the test has a class
   *     that the training has not
   */
  public Splits load() {
    Table train = read("train");
    Table test = read("test");
    requireSameFeatures(train, test);
    List<String> classes = classes(train.labels());
    for (String found : test.labels()) {
      if (!classes.contains(found)) {
        throw new UserError(
            root + ": the test has the class " + found + ", of which the training has no example");
      }
    }
    return new Splits(dataset(train, classes), dataset(test, classes), classes, train.features());
  }

  /**
   * Reads both tables, with a number for each row, as it stands there; the caller closes them.
   *
   * @throws UserError if one is missing or empty, they have other columns, or what should be a
   *     number is none
   */
  public Splits loadNumbers() {
    Table train = read("train");
    Table test = read("test");
    requireSameFeatures(train, test);
    float[] ofTrain = numbers("train", train.labels());
    float[] ofTest = numbers("test", test.labels());
    return new Splits(dataset(train, ofTrain), dataset(test, ofTest), List.of(), train.features());
  }

  private Table read(String split) {
    Path file = file(split);
    Table table = Table.read(file, label);
    if (table.labels().isEmpty()) {
      throw new UserError("no rows in " + file);
    }
    if (table.features().isEmpty()) {
      throw new UserError(file + " has no column but '" + label + "'; expected numbers beside it");
    }
    return table;
  }

  private void requireSameFeatures(Table train, Table test) {
    if (!train.features().equals(test.features())) {
      throw new UserError(
          "%s: the tables must have the same columns in the same order; train has %s, test %s"
              .formatted(root, train.features(), test.features()));
    }
  }

  private float[] numbers(String split, List<String> labels) {
    float[] numbers = new float[labels.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(labels.get(i));
      if (!Float.isFinite(numbers[i])) {
        throw new UserError(
            "%s: row %d, column '%s': expected a number, found %s"
                .formatted(file(split), i + 1, label, labels.get(i)));
      }
    }
    return numbers;
  }

  private static float number(String text) {
    try {
      return new BigDecimal(text).floatValue();
    } catch (NumberFormatException e) {
      return Float.NaN;
    }
  }

  private Path file(String split) {
    return Table.endings().stream()
        .map(ending -> root.resolve(split + "." + ending))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "no "
                        + split
                        + " table in "
                        + root
                        + "; expected an ending of "
                        + Table.endings()));
  }

  private static List<String> classes(List<String> labels) {
    Stream<String> distinct = labels.stream().distinct();
    return labels.stream().allMatch(l -> l.matches("-?\\d{1,18}"))
        ? distinct.sorted(Comparator.comparingLong(Long::parseLong)).toList()
        : distinct.sorted().toList();
  }

  private static TensorDataset dataset(Table table, List<String> classes) {
    long[] labels = table.labels().stream().mapToLong(classes::indexOf).toArray();
    try (PointerScope scope = new PointerScope()) {
      return TensorDataset.of(features(table), Ops.tensor(labels));
    }
  }

  private static TensorDataset dataset(Table table, float... numbers) {
    try (PointerScope scope = new PointerScope()) {
      return TensorDataset.ofNumbers(features(table), Ops.tensor(numbers, numbers.length));
    }
  }

  private static Tensor features(Table table) {
    return Ops.tensor(table.numbers(), table.labels().size(), table.features().size());
  }
}
