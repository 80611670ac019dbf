package dev.lora4j.tables;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.kernel.Ops;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A tabular data set: a folder with the files {@code train} and {@code test}, in {@code .csv} or
 * {@code .parquet}. Each row is an example with numeric features and a label, which is a class or a
 * regression target.
 */
public final class TableFolder {
  private final Path root;
  private final String label;
  private final List<String> classes;

  private TableFolder(Path root, String label, List<String> classes) {
    this.root = root;
    this.label = label;
    this.classes = List.copyOf(classes);
  }

  /**
   * Returns the tables of a folder.
   *
   * @param label name of the label column, a class or a regression target
   */
  public static TableFolder at(Path root, String label) {
    return new TableFolder(root, label, List.of());
  }

  /**
   * Returns these tables with class indices by the position of a label among these classes, such as
   * the outputs of a network; a class may have no row. By default the training table's labels are
   * the classes.
   */
  public TableFolder labeledBy(List<String> classes) {
    return new TableFolder(root, label, classes);
  }

  /**
   * The training and test table as {@code [rows, features]} floats, with a class index or
   * regression target for each row.
   *
   * @param train training examples
   * @param test test examples
   * @param classes the given classes, or those in the training table: sorted numerically if all are
   *     integers, else by name; empty for regression
   * @param features names of the feature columns
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
   * Reads both tables for classification; the caller closes them.
   *
   * @throws UserError if a table is missing or empty, their columns differ, or a label is none of
   *     the classes
   */
  public Splits load() {
    Table train = read("train");
    Table test = read("test");
    requireSameFeatures(train, test);
    List<String> all = classes.isEmpty() ? classes(train.labels()) : classes;
    requireKnown("training", train, all);
    requireKnown("test", test, all);
    return new Splits(dataset(train, all), dataset(test, all), all, train.features());
  }

  private void requireKnown(String split, Table table, List<String> all) {
    for (String found : table.labels()) {
      if (!all.contains(found)) {
        throw new UserError(
            "%s: the %s table has the class %s, which %s"
                .formatted(
                    root,
                    split,
                    found,
                    classes.isEmpty()
                        ? "the training table lacks"
                        : "is none of the %d classes".formatted(all.size())
                            + NearMiss.hint(found, all)));
      }
    }
  }

  /**
   * Reads both tables for regression, with the label column as target values; the caller closes
   * them.
   *
   * @throws UserError if a table is missing or empty, their columns differ, or a target is not a
   *     number
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
      throw new UserError(
          file
              + " has no feature column beside '"
              + label
              + "'; expected at least one numeric column");
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
                        + "; expected a file extension of "
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
