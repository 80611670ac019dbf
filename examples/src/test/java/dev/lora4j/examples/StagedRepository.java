package dev.lora4j.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Maven repository with the artifacts of this build, as they would be published. */
record StagedRepository(Path directory, String version) {
  private static final List<String> LIBRARIES =
      List.of("core", "langchain4j", "llm", "serve", "spark", "torchscript");

  /** Copies POMs and jars from the modules' target directories. */
  static StagedRepository in(Path directory, Path root, String version, String platform)
      throws IOException {
    StagedRepository repository = new StagedRepository(directory, version);
    for (String library : LIBRARIES) {
      Path target = root.resolve(library).resolve("target");
      String artifact = "lora4j-" + library;
      repository.add(artifact, ".pom", target.resolve(".flattened-pom.xml"));
      repository.add(artifact, ".jar", target.resolve(artifact + "-" + version + ".jar"));
    }
    repository.add(
        "lora4j-natives-" + platform,
        ".pom",
        root.resolve("natives").resolve(platform).resolve("target/.flattened-pom.xml"));
    repository.add("lora4j-bom", ".pom", root.resolve("bom/pom.xml"));
    return repository;
  }

  /** Returns the file of an artifact, whether it exists or not. */
  Path file(String artifact, String extension) {
    return directory
        .resolve("dev/lora4j")
        .resolve(artifact)
        .resolve(version)
        .resolve(artifact + "-" + version + extension);
  }

  private void add(String artifact, String extension, Path from) throws IOException {
    Path to = file(artifact, extension);
    Files.createDirectories(to.getParent());
    Files.copy(from, to);
  }
}
