package dev.lora4j.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableFolderTest {
  private final Path directory;

  TableFolderTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  private void assertRefused(String... words) {
    assertThatThrownBy(() -> TableFolder.at(directory, "kind").load())
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void labelColumnIsTheClassAndAllOthersAreFeatures() throws IOException {
    write(
        "train.csv", "age,kind,tall,weight\n1,plum,true,0.5\n2,apple,false,-3\n7,plum,true,1e3\n");
    write("test.csv", "age,kind,tall,weight\n4,apple,false,0.25\n");

    try (PointerScope scope = new PointerScope();
        TableFolder.Splits tables = TableFolder.at(directory, "kind").load()) {
      assertThat(tables.classes()).containsExactly("apple", "plum");
      assertThat(tables.features()).containsExactly("age", "tall", "weight");
      Batch all = tables.train().gather(Ops.tensor(new long[] {0, 1, 2}));
      TensorAssert.assertThat(all.inputs()).hasExactly(1, 1, 0.5f, 2, 0, -3, 7, 1, 1000);
      assertThat(Ops.longs(all.targets())).containsExactly(1, 0, 1);
      assertThat(tables.test().size()).isEqualTo(1);
    }
  }

  @Test
  void integerClassesAreSortedNumerically() throws IOException, SQLException {
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = database.createStatement()) {
      for (String split : new String[] {"train", "test"}) {
        statement.execute(
            "COPY (SELECT i * 0.5 AS x, i AS kind FROM range(12) t(i)) TO '%s' (FORMAT parquet)"
                .formatted(directory.resolve(split + ".parquet")));
      }
    }
    try (TableFolder.Splits tables = TableFolder.at(directory, "kind").load()) {
      assertThat(tables.classes()).startsWith("0", "1", "2").endsWith("10", "11");
    }
  }

  @Test
  void labelsAreMatchedByNameWithTheGivenClasses() throws IOException {
    write("train.csv", "x,label\n1,b\n2,a\n");
    write("test.csv", "x,label\n3,b\n");
    TableFolder tables = TableFolder.at(directory, "label");
    try (PointerScope scope = new PointerScope();
        TableFolder.Splits splits = tables.labeledBy(List.of("c", "b", "a")).load()) {
      assertThat(splits.classes()).containsExactly("c", "b", "a");
      assertThat(Ops.longs(splits.train().gather(Ops.tensor(new long[] {0, 1})).targets()))
          .containsExactly(1, 2);
    }
    assertThatThrownBy(() -> tables.labeledBy(List.of("a", "c")).load())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the training table has the class b, which is none of the 2 classes");
  }

  @Test
  void regressionTargetsKeepTheirValues() throws IOException, SQLException {
    write("train.csv", "x,kind\n1,0.5\n2,-3\n7,1e3\n");
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = database.createStatement()) {
      statement.execute(
          "COPY (SELECT 1.5 AS x, 2.25::DECIMAL(9, 4) AS kind) TO '%s' (FORMAT parquet)"
              .formatted(directory.resolve("test.parquet")));
    }
    try (PointerScope scope = new PointerScope();
        TableFolder.Splits tables = TableFolder.at(directory, "kind").loadNumbers()) {
      Batch train = tables.train().gather(Ops.tensor(new long[] {2, 1, 0}));
      Batch test = tables.test().gather(Ops.tensor(new long[] {0}));
      TensorAssert.assertThat(train.inputs()).hasExactly(7, 2, 1);
      TensorAssert.assertThat(train.targets()).hasExactly(1000, -3, 0.5f);
      TensorAssert.assertThat(test.targets()).hasExactly(2.25f);
      assertThat(tables.classes()).isEmpty();
    }
  }

  @Test
  void nonNumericTargetIsNamed() throws IOException {
    write("test.csv", "x,kind\n1,2\n");
    for (String number : new String[] {"plum", "true", "nan", "inf", "1e300"}) {
      write("train.csv", "x,kind\n1,2\n3," + number + "\n");
      assertThatThrownBy(() -> TableFolder.at(directory, "kind").loadNumbers())
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("train.csv: row 2", "'kind'", "expected a number");
    }
    write("train.csv", "x,kind\n1,2\n3,\n");
    assertThatThrownBy(() -> TableFolder.at(directory, "kind").loadNumbers())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 2 has no value in column 'kind'");
  }

  @Test
  void errorsNameRowAndColumn() throws IOException {
    assertRefused("no train table");
    write("train.csv", "age,kind\n1,a\n2,b\n");
    assertRefused("no test table");
    write("test.csv", "age,kind\n1,c\n");
    assertRefused("class c");
    write("test.csv", "size,kind\n1,a\n");
    assertRefused("same columns", "size");
    write("test.csv", "age,kind\n");
    assertRefused("no rows");
    write("train.csv", "age,kinds\n1,a\n");
    assertRefused("no column 'kind'", "did you mean kinds");
    write("train.csv", "age,kind\n1,a\n,b\n");
    assertRefused("row 2", "'age'", "found null");
    write("train.csv", "kind\na\n");
    assertRefused("no feature column beside 'kind'");
    write("train.csv", "kind,name\na,Ann\nb,Bob\n");
    assertRefused("row 1", "'name'", "Ann");
  }
}
