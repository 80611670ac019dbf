package dev.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Java samples of README and docs compile. A comment {@code <!-- given: Module net, Dataset
 * data -->} before a sample declares the variables that it takes as given. A sample that begins
 * with imports is a complete file. Samples after {@code <!-- compiled by serve-clients -->} or
 * {@code <!-- compiled by spark -->} need dependencies of that module, whose {@code
 * ClientSamplesTest} or {@code SparkSamplesTest} compiles them.
 */
class DocsCompileTest {
  private static final Pattern SAMPLE =
      Pattern.compile(
          "(?:<!-- (?:given: (.*?)|(compiled by serve-clients|compiled by spark)) -->\\s*)?```java\\n(.*?)```",
          Pattern.DOTALL);
  private static final Pattern TYPE = Pattern.compile("^(final )?(class|record|interface) ");

  private final Path root = Path.of("..");
  private final Path output;

  DocsCompileTest(@TempDir Path output) {
    this.output = output;
  }

  private static final Pattern PUBLIC_CLASS = Pattern.compile("public final class (\\w+)");

  private record Sample(String place, String given, String code) {
    boolean isFile() {
      return code.startsWith("import ");
    }

    /** The name of the source file. */
    String name(int number) {
      Matcher type = PUBLIC_CLASS.matcher(code);
      return type.find() ? type.group(1) : "Sample" + number;
    }
  }

  @Test
  void samplesCompile() throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (Path page : DocSamples.pages(root)) {
      samples.addAll(samples(page));
    }
    assertThat(samples).hasSizeGreaterThan(15);
    String imports = imports();
    List<DocSamples.Source> sources = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      sources.add(
          new DocSamples.Source(
              sample.name(i),
              sample.place(),
              sample.isFile() ? sample.code() : imports + source(i, sample)));
    }
    assertThat(DocSamples.errors(sources, output)).isEmpty();
  }

  private static List<Sample> samples(Path page) throws IOException {
    String text = Files.readString(page);
    List<Sample> samples = new ArrayList<>();
    Matcher sample = SAMPLE.matcher(text);
    while (sample.find()) {
      if (sample.group(2) != null) {
        continue;
      }
      long line = text.substring(0, sample.start(3)).lines().count() + 1;
      String given = sample.group(1) == null ? "" : sample.group(1);
      samples.add(new Sample(page.getFileName() + ":" + line, given, sample.group(3)));
    }
    return samples;
  }

  private static String source(int number, Sample sample) {
    return TYPE.matcher(sample.code()).find()
        ? sample.code()
        : "final class Sample%d { static void run(%s) throws Exception {\n%s} }"
            .formatted(number, sample.given(), sample.code());
  }

  /** Names the classes one by one, so that Module is the network's and not Java's. */
  private static String imports() {
    String ours =
        new ClassFileImporter()
                .withImportOption(new ArchitectureTest.MainClasses())
                .importPackages("dev.lora4j")
                .stream()
                .filter(type -> type.isTopLevelClass() && isPublic(type))
                .map(type -> "import " + type.getName() + ";")
                .sorted()
                .distinct()
                .collect(Collectors.joining());
    return ours
        + "import java.nio.file.*;import java.util.*;import java.util.function.*;"
        + "import org.bytedeco.javacpp.PointerScope;import org.bytedeco.pytorch.Tensor;";
  }

  private static boolean isPublic(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC);
  }
}
