// Replays one product of a vector pack on an array with mxu.sv's ports and reports the first
// mismatch: +product=DIR names a product folder of the pack (control.hex, stationary.hex,
// streamed.hex, init.hex, expected.hex). Writes DIR/observed.hex, which `mxcheck verify` judges.
// Exits by $finish after a line "PACK PASS ..." or "PACK FAIL ...".
module pack_tb;
  parameter int ROWS = 16;
  parameter int COLS = 16;
  parameter int SUM_BITS = 32;
  parameter int ACC_BITS = 32;
  parameter int ACC_ROWS = 1024;
  parameter int MAX_WORDS = 1 << 16;  // of each image
  localparam int HEADER = 8;   // words before the first fold, see pack.h
  localparam int RECORD = 7;   // words per fold
  localparam int ADDRESS = $clog2(ACC_ROWS);

  logic [31:0] control[MAX_WORDS];
  logic [COLS*8-1:0] stationary[MAX_WORDS];
  logic [ROWS*8-1:0] streamed[MAX_WORDS];
  logic [COLS*ACC_BITS-1:0] init[MAX_WORDS];
  logic [COLS*ACC_BITS-1:0] expected[MAX_WORDS];

  logic clk = 0;
  always #1 clk = !clk;

  logic load = 0, in_valid = 0, in_switch = 0, in_accumulate = 0, write = 0;
  logic [COLS*8-1:0] load_word = '0;
  logic [ADDRESS-1:0] in_address = '0, write_address = '0, read_address = '0;
  logic [ROWS*8-1:0] in_word = '0;
  logic [COLS*ACC_BITS-1:0] write_word = '0, read_word;

  mxu #(
      .ROWS(ROWS),
      .COLS(COLS),
      .SUM_BITS(SUM_BITS),
      .ACC_BITS(ACC_BITS),
      .ACC_ROWS(ACC_ROWS)
  ) dut (
      .*
  );

  string folder;
  int file, folds, record, vectors, columns, flags;
  int at_stationary = 0, at_streamed = 0, at_init = 0, at_expected = 0;
  int compared = 0, wrong = 0;
  bit first_chunk;

  task automatic load_tile();
    for (int i = 0; i < ROWS; i++) begin
      @(negedge clk);
      load = 1;
      load_word = stationary[at_stationary++];
    end
    @(negedge clk);
    load = 0;
  endtask

  task automatic write_initial(input int count);
    for (int i = 0; i < count; i++) begin
      @(negedge clk);
      write = 1;
      write_address = ADDRESS'(i);
      write_word = init[at_init++];
    end
    @(negedge clk);
    write = 0;
  endtask

  task automatic stream(input int count, input bit accumulate);
    for (int i = 0; i < count; i++) begin
      in_valid = 1;
      in_switch = i == 0;
      in_accumulate = accumulate;
      in_address = ADDRESS'(i);
      in_word = streamed[at_streamed++];
      @(negedge clk);
    end
    in_valid = 0;
    in_switch = 0;
    repeat (ROWS + COLS) @(negedge clk);
  endtask

  task automatic judge(input int fold, input int count, input int used);
    for (int i = 0; i < count; i++) begin
      logic [COLS*ACC_BITS-1:0] want, got;
      read_address = ADDRESS'(i);
      @(negedge clk);
      got = read_word;
      want = expected[at_expected++];
      $fwrite(file, "%h\n", got);
      for (int c = 0; c < used; c++) begin
        compared++;
        if (got[c*ACC_BITS+:ACC_BITS] !== want[c*ACC_BITS+:ACC_BITS]) begin
          if (wrong == 0)
            $display("first mismatch: fold %0d vector %0d column %0d (output %0d,%0d): expected %0d observed %0d",
                     fold, i, c, control[HEADER+fold*RECORD+2] + 32'(i),
                     control[HEADER+fold*RECORD+4] + 32'(c),
                     $signed(want[c*ACC_BITS+:ACC_BITS]), $signed(got[c*ACC_BITS+:ACC_BITS]));
          wrong++;
        end
      end
    end
  endtask

  initial begin
    if (!$value$plusargs("product=%s", folder)) $fatal(1, "give +product=DIR");
    $readmemh({folder, "/control.hex"}, control);
    if (control[0] != 32'h4d585031) $fatal(1, "control.hex is not of a pack");
    if (control[1] != ROWS || control[2] != COLS)
      $fatal(1, "the pack is for a %0dx%0d array", control[1], control[2]);
    $readmemh({folder, "/stationary.hex"}, stationary);
    $readmemh({folder, "/streamed.hex"}, streamed);
    if (control[7] != 0) $readmemh({folder, "/init.hex"}, init);
    $readmemh({folder, "/expected.hex"}, expected);
    file = $fopen({folder, "/observed.hex"}, "w");
    if (file == 0) $fatal(1, "cannot write observed.hex");
    folds = int'(control[6]);
    first_chunk = 1;
    for (int fold = 0; fold < folds; fold++) begin
      record = HEADER + fold * RECORD;
      vectors = int'(control[record+3]);
      columns = int'(control[record+5]);
      flags = int'(control[record+6]);
      if (flags[1:0] != 2'b11) $fatal(1, "a chunk of several folds needs a waiting sum");
      if (vectors > ACC_ROWS) $fatal(1, "more vectors than accumulator rows");
      if (flags[2]) begin
        first_chunk = 1;
        if (control[7] != 0) begin
          write_initial(vectors);
          first_chunk = 0;
        end
      end
      load_tile();
      stream(vectors, !first_chunk);
      first_chunk = 0;
      if (flags[3]) judge(fold, vectors, columns);
    end
    $fclose(file);
    if (wrong == 0) $display("PACK PASS %0d results", compared);
    else $display("PACK FAIL %0d of %0d results differ", wrong, compared);
    $finish;
  end
endmodule
