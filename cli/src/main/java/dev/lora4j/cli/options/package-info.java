/**
 * Options that several commands share.
 *
 * <p>An <i>options class</i> holds the picocli options of one topic and turns them into a value of
 * the library. <i>Former names</i> of options still work, on the command line and in YAML files,
 * but appear in no help text.
 *
 * <pre>{@code
 * SamplingOptions sampling = new SamplingOptions(); // a picocli mixin
 * GenerationOptions options = sampling.options(0.7);
 * OutputFormat output = new OutputFormat(); // another, with --json
 * output.show(json -> json.put("text", text), out -> out.println(text));
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.options;

import org.jspecify.annotations.NullMarked;
