/**
 * Resumable downloads: verified, bounded in size and time, and complete or absent.
 *
 * <ul>
 *   <li><b>part file</b>: the bytes received so far, from which a later run resumes.
 *   <li><b>source</b>: a server that returns a file from any offset, {@link Download.Source}.
 *   <li><b>limits</b>: number of tries and time limits, {@link Download.Limits}.
 * </ul>
 *
 * <pre>{@code
 * Path file = Download.of(URI.create("https://example.org/model.gguf"), Path.of("model.gguf"))
 *     .expecting(Checksum.sha256(digest))
 *     .telling((bytes, total) -> bar.update(bytes))
 *     .run();
 * }</pre>
 */
@NullMarked
package dev.lora4j.io.download;

import org.jspecify.annotations.NullMarked;
