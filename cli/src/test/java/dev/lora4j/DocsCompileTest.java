package dev.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Java samples of README and docs compile. A comment {@code <!-- given: Module net, Dataset
 * data -->} before a sample declares the variables that it takes as given. A sample that begins
 * with imports is a complete file. Samples after {@code <!-- compiled by serve-clients -->} need
 * dependencies of that module, whose {@code ClientSamplesTest} compiles them.
 */
class DocsCompileTest {
  private static final Pattern SAMPLE =
      Pattern.compile(
          "(?:<!-- (?:given: (.*?)|(compiled by serve-clients)) -->\\s*)?```java\\n(.*?)```",
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

  private static final class Source extends SimpleJavaFileObject {
    private final Sample sample;
    private final String text;

    Source(int number, Sample sample, String text) {
      super(URI.create("string:///" + sample.name(number) + ".java"), Kind.SOURCE);
      this.sample = sample;
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  @Test
  void samplesCompile() throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (Path page : pages()) {
      samples.addAll(samples(page));
    }
    assertThat(samples).hasSizeGreaterThan(15);
    String imports = imports();
    List<Source> sources = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      Sample sample = samples.get(i);
      sources.add(
          new Source(i, sample, sample.isFile() ? sample.code() : imports + source(i, sample)));
    }
    assertThat(problems(sources)).isEmpty();
  }

  private List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(root.resolve("docs"))) {
      return Stream.concat(
              Stream.of(root.resolve("README.md"), root.resolve("CONTRIBUTING.md")),
              docs.filter(file -> file.toString().endsWith(".md")).sorted())
          .toList();
    }
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

  private List<String> problems(List<Source> sources) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> options = List.of("-proc:none", "-d", output.toString(), "-cp", classPath);
    compiler.getTask(null, null, found, options, null, sources).call();
    return found.getDiagnostics().stream()
        .filter(problem -> problem.getKind() == javax.tools.Diagnostic.Kind.ERROR)
        .map(
            problem ->
                ((Source) problem.getSource()).sample.place() + " " + problem.getMessage(null))
        .toList();
  }
}
