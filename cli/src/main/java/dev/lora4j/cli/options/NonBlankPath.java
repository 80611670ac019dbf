package dev.lora4j.cli.options;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a path; refuses an empty one, which would denote the working directory. */
public final class NonBlankPath implements ITypeConverter<Path> {
  @Override
  public Path convert(String text) {
    if (text.isBlank()) {
      throw new TypeConversionException("expected a path, found an empty text");
    }
    return Path.of(text);
  }
}
