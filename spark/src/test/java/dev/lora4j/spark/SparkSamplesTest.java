package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.DocSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java samples of the docs that use Spark compile. */
class SparkSamplesTest {
  private static final Pattern SAMPLE =
      Pattern.compile("<!-- compiled by spark -->\\s*```java\\n(.*?)```", Pattern.DOTALL);
  private static final String SOURCE =
      """
      import dev.lora4j.llm.recipe.FineTuneRecipe;
      import dev.lora4j.llm.train.*;
      import dev.lora4j.spark.*;
      import dev.lora4j.spark.inference.*;
      import java.nio.file.Path;
      import org.apache.spark.SparkFiles;
      import org.apache.spark.ml.*;
      import org.apache.spark.sql.*;
      final class %s {
      static void run(SparkSession spark, Dataset<Row> chats, Dataset<Row> tickets) throws Exception {
      %s} }
      """;

  @Test
  void samplesCompile(@TempDir Path output) throws IOException {
    List<DocSamples.Source> sources = new ArrayList<>();
    Matcher sample = SAMPLE.matcher(Files.readString(Path.of("../docs/spark.md")));
    while (sample.find()) {
      String name = "Sample" + sources.size();
      sources.add(new DocSamples.Source(name, "spark.md", SOURCE.formatted(name, sample.group(1))));
    }
    assertThat(sources).hasSizeGreaterThan(3);

    assertThat(DocSamples.errors(sources, output)).isEmpty();
  }
}
