package dev.lora4j.models.table;

import dev.lora4j.UserError;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.Ops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;

/**
 * A folder with the tables {@code train} and {@code test}, {@code .csv} or {@code .parquet}: a row
 * an example, numbers in all columns but that of the class.
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
   * @param label the column of the class
   */
  public static TableFolder at(Path root, String label) {
    return new TableFolder(root, label);
  }

  /**
   * Both tables, as {@code [rows, features]} floats and classes in order: by number where all are
   * whole numbers, else by name.
   *
   * @param train to learn from
   * @param test to be examined on
   * @param classes those of the training table
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
   * Reads both tables, which the caller closes.
   *
   * @throws UserError if one is missing or empty, they have other columns, or the test has a class
   *     that the training has not
   */
  public Splits load() {
    Table train = Table.read(file("train"), label);
    Table test = Table.read(file("test"), label);
    if (train.labels().isEmpty() || test.labels().isEmpty()) {
      throw new UserError("no rows in a table of " + root);
    }
    if (!train.features().equals(test.features())) {
      throw new UserError(
          "%s: the tables must have the same columns in the same order; train has %s, test %s"
              .formatted(root, train.features(), test.features()));
    }
    List<String> classes = classes(train.labels());
    for (String found : test.labels()) {
      if (!classes.contains(found)) {
        throw new UserError(
            root + ": the test has the class " + found + ", of which the training has no example");
      }
    }
    return new Splits(dataset(train, classes), dataset(test, classes), classes, train.features());
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
      return TensorDataset.of(
          Ops.tensor(table.numbers(), labels.length, table.features().size()), Ops.tensor(labels));
    }
  }
}
