package dev.lora4j;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Samples of the docs, compiled against the class path of the test. */
public final class DocSamples {
  private DocSamples() {}

  /** A sample as a source file. */
  public static final class Source extends SimpleJavaFileObject {
    private final String place;
    private final String text;

    /**
     * @param name of the class
     * @param place of the sample in the docs, for errors
     */
    public Source(String name, String place, String text) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      this.place = place;
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  /** The pages with samples. */
  public static List<Path> pages(Path root) throws IOException {
    try (Stream<Path> docs = Files.list(root.resolve("docs"))) {
      return Stream.concat(
              Stream.of(root.resolve("README.md"), root.resolve("CONTRIBUTING.md")),
              docs.filter(file -> file.toString().endsWith(".md")).sorted())
          .toList();
    }
  }

  /** Compiles sources into a directory and returns the errors, each with its place. */
  public static List<String> errors(List<Source> sources, Path output) {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> options = List.of("-proc:none", "-d", output.toString(), "-cp", classPath);
    ToolProvider.getSystemJavaCompiler().getTask(null, null, found, options, null, sources).call();
    return found.getDiagnostics().stream()
        .filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
        .map(problem -> place(problem.getSource()) + " " + problem.getMessage(null))
        .toList();
  }

  private static String place(JavaFileObject source) {
    return source instanceof Source sample ? sample.place : String.valueOf(source);
  }
}
