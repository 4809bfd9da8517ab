//! What the OpenAPI document says of the staff desk, in both languages. (工作台接口说明的中文)

/// What the document says of the desk, in English and Chinese.
pub(in crate::reference) const DESK: &[(&str, &str)] = &[
    ("A text to sign in with", "登录用的口令"),
    (
        "Sign exactly this text, if it names the host that you asked",
        "口令里写的是您访问的网址时，原样签名",
    ),
    ("A text to sign.", "要签名的口令。"),
    (
        "Good once, for two minutes, at this host.",
        "只在本站有效，两分钟内用一次。",
    ),
    ("Sign in", "登录"),
    (
        "Signed in: the cookie says so from now on",
        "已登录：此后凭 Cookie",
    ),
    ("Who signs in, and by what.", "谁登录、凭什么。"),
    (
        "The member's verifier key, as signed-note has it.",
        "成员的公钥，写法见 signed-note。",
    ),
    ("The text that was signed.", "所签的口令。"),
    (
        "The bare Ed25519 signature over its bytes, in base64.",
        "对口令各字节的 Ed25519 签名，base64。",
    ),
    ("Sign out", "退出"),
    (
        "Nobody is signed in by this browser any more",
        "这个浏览器已退出",
    ),
    ("Who is signed in", "现在是谁登录"),
    ("The member, by the newest entry", "成员，以最新条目为准"),
    ("Who sits at the desk.", "工作台前的人。"),
    ("As the roster has it.", "名册上的名称。"),
    (
        "The verifier key in use, as signed-note has it.",
        "现用的公钥，写法见 signed-note。",
    ),
    (
        "The name under which the ledger was founded: the first part of its members' key names.",
        "建账时的日志名：成员钥匙名的前一部分。",
    ),
    (
        "What a draft would say, and whether the rules would let it stand",
        "预演：草稿会写成什么、规则是否允许",
    ),
    (
        "The statement to sign. Nothing is kept",
        "要签的陈述。什么都不保存",
    ),
    ("A draft to be rehearsed.", "要预演的草稿。"),
    (
        "The kind of event, as `member_vote`.",
        "事项，如 member_vote。",
    ),
    (
        "The transaction that it belongs to, or is about.",
        "所属或所涉的交易。",
    ),
    ("The concern that it belongs to.", "所属的群众意见。"),
    (
        "The event's fields, without those that follow from the ledger.",
        "事件的各栏，可由账本得出的不用给。",
    ),
    (
        "When it happened, as people write it; by default now.",
        "发生时间，按习惯写法；默认现在。",
    ),
    ("What would be signed.", "将要签署的内容。"),
    ("The exact text.", "原文，一字不差。"),
    ("What it says, in words.", "用文字说明的内容。"),
    ("Who signs it.", "由谁签署。"),
    ("Whether one of these is who asks.", "其中有没有提问的人。"),
    (
        "What would be published with it, as canonical JSON.",
        "随它公开的内容，规范 JSON。",
    ),
    ("The digest of that.", "上一项的摘要。"),
    ("A role that signs a draft.", "签草稿的一个岗位。"),
    ("Who fills it, or could.", "由谁签，或可由谁签。"),
    ("What that member is called.", "这位成员的名称。"),
    ("Whether that member has signed.", "这位成员签了没有。"),
    (
        "The charter in force as a sheet to be changed",
        "现行章程，列成可改的表",
    ),
    (
        "A charter as the fields of the sheet",
        "一份章程，拆成表里的各栏",
    ),
    (
        "`in_force`, `default`, or `file` with the text of what `sanzi charter` prints",
        "in_force（现行）、default（默认），或 file：sanzi charter 打印的那种文件的文本",
    ),
    ("The fields as text", "各栏的文字"),
    (
        "The charter is at fault: where, and what",
        "章程有误：在哪里，错在哪",
    ),
    (
        "What a charter would change, and its clear sheet",
        "一份章程会改什么，和它的明白纸",
    ),
    (
        "`charter`, and `applies_to_open` if that has been said",
        "charter，和 applies_to_open（说了的话）",
    ),
    ("Part of a page", "网页的一部分"),
    ("The form is a page of its own", "这张表另有一页"),
    ("Begin a draft", "起草"),
    (
        "It is kept, and has entered the log if nobody else has to sign",
        "已存下；不需要别人再签的，已登记入账",
    ),
    ("This statement has been begun before", "这份陈述先前已起草"),
    (
        "What a draft is begun with: one of the two.",
        "用什么起草：两者给一个。",
    ),
    (
        "The signed note, with its author's signature at least.",
        "签名文书，至少有起草人的签名。",
    ),
    ("A statement that others are to sign.", "请别人签的陈述。"),
    (
        "Read a sheet of contracts made before the ledger",
        "看一张存量合同表",
    ),
    ("CSV or XLSX, at most 8 MiB", "CSV 或 XLSX，最大 8 MiB"),
    (
        "What each row becomes. Nothing is kept",
        "每行会登记成什么。什么都不保存",
    ),
    ("A sheet, judged.", "看过的表。"),
    (
        "What is to be said of the sheet as a whole.",
        "对整张表的说明。",
    ),
    (
        "Whether the charter has the member who asks sign such records.",
        "章程是否让提出的人签这类登记。",
    ),
    (
        "What became of each row, in order.",
        "每行的结果，按原来的次序。",
    ),
    ("A row, judged.", "看过的一行。"),
    (
        "Its number, as the spreadsheet shows it.",
        "行号，与表格软件里的一样。",
    ),
    (
        "The contract's number, as far as there is one.",
        "合同编号，没有就空着。",
    ),
    (
        "The asset, as far as it is named.",
        "标的名称，没有就空着。",
    ),
    (
        "`ready`, `recorded`, `waiting` or `wrong`.",
        "ready（可以登记）、recorded（账本里已有）、waiting（已起草待签）或 wrong（要改）。",
    ),
    (
        "The transaction that it opens, or that holds it.",
        "它新立的或已在的交易。",
    ),
    (
        "The exact text to sign, if it is ready.",
        "可以登记的，给出要签的原文。",
    ),
    (
        "What was understood or filled in.",
        "怎样理解的、补了什么。",
    ),
    ("All that is wrong with it.", "这一行的全部问题。"),
    ("Something wrong with a row.", "一行里的一个问题。"),
    (
        "The cell, as `C5`; empty if it is the row as a whole.",
        "单元格，如 C5；整行的问题为空。",
    ),
    ("The heading of its column.", "列名。"),
    ("What is wrong, and what would do.", "哪里不对、怎样才行。"),
    (
        "What became of each row of a sheet, as CSV",
        "每行的结果（CSV）",
    ),
    (
        "A row for each fault, and one for each row without",
        "每个问题一行，没有问题的每行一行",
    ),
    ("The sheet to fill in, as CSV", "空表（CSV）"),
    ("The headings and an example", "列名和一个例子"),
    ("The sheet to fill in, as XLSX", "空表（XLSX）"),
    (
        "The headings, an example, and what each column wants",
        "列名、例子和每列的说明",
    ),
    (
        "Contracts made before the ledger, from a sheet",
        "用表格导入存量合同",
    ),
    ("The drafts of the ledger", "账本的全部草稿"),
    (
        "Those that wait and those that ended lately, the oldest first",
        "待签的和近期了结的，早的在前",
    ),
    ("A draft in a list.", "列表里的一份草稿。"),
    ("Somebody, by id and by name.", "一个人：代号和名称。"),
    (
        "`waiting`, `entered`, `withdrawn` or `expired`.",
        "waiting（待签）、entered（已登记）、withdrawn（已撤回）或 expired（已失效）。",
    ),
    ("Its entry, once it stands in the log.", "登记后是第几条。"),
    (
        "Why it was taken back, if that was said.",
        "撤回的原因（写了的话）。",
    ),
    ("What that is called.", "事项的名称。"),
    ("Who began it.", "起草人。"),
    ("When.", "时间。"),
    ("Until when it waits.", "等到什么时候。"),
    (
        "Who has signed, and who could fill the roles that are left.",
        "谁已签，余下的岗位可由谁签。",
    ),
    ("Whether it waits for whoever asks.", "是否在等提问的人签。"),
    (
        "Whether something has entered its stream since: it has to be put behind that first.",
        "起草后同一事项里是否有新登记：有就要先排到它后面。",
    ),
    (
        "That a draft was put behind what had entered its stream meanwhile.",
        "草稿曾排到同一事项的新登记之后。",
    ),
    (
        "Who had signed what it said before, and is asked again.",
        "先前签过、现在请重新签的人。",
    ),
    (
        "How many entries the log had when it was first drafted: what is newer, nobody knew then.",
        "最初起草时账本有多少条：更新的当时没人看过。",
    ),
    ("A draft for scripts", "一份草稿（供程序读取）"),
    (
        "The draft's id, 32 hexadecimal digits",
        "草稿编号，32 位十六进制数字",
    ),
    (
        "What it says, who has signed and who is missing",
        "写了什么、谁签了、还缺谁",
    ),
    ("A draft, whole.", "一份草稿的全部。"),
    ("The exact text to sign.", "要签的原文。"),
    (
        "That with the signatures so far; none while nobody has signed.",
        "原文加上已有的签名；还没有人签时不列。",
    ),
    (
        "The documents that it names and that are not here yet, by their titles.",
        "写明了而还没有交来的材料，列其名称。",
    ),
    (
        "What entered its stream since it was begun.",
        "起草后同一事项里的新登记。",
    ),
    (
        "What entered the stream of a draft since it was begun.",
        "草稿起草后同一事项里的一条新登记。",
    ),
    ("The entry.", "第几条。"),
    ("What it is.", "是什么事项。"),
    ("Sign a draft", "签草稿"),
    (
        "The signature is kept; once all have signed, it stands in the log",
        "签名已存下；签齐后即登记入账",
    ),
    ("A signature below a draft.", "草稿下的一个签名。"),
    (
        "The line, as signed-note has it: an em dash, the key's name, and base64.",
        "签名行，写法见 signed-note：长横线、钥匙名、base64。",
    ),
    ("How a draft stands.", "草稿的状态。"),
    (
        "`waiting` for others; `entered`; `held`: all have signed, and it is tried again by itself; `moved`:\nsomething came before it, and everybody signs anew; `stuck`: it no longer fits what came before it.",
        "waiting（等别人签）；entered（已登记）；held（签齐了，稍后自动再试）；moved（前面有新登记，大家要重新签）；stuck（与新登记不合，不能再用）。",
    ),
    (
        "Why it is held or stuck: a problem.",
        "为什么还没登记：出错说明。",
    ),
    (
        "Put a draft behind what came meanwhile",
        "把草稿排到新登记之后",
    ),
    (
        "What it says now: everybody signs anew. Unchanged if nothing came",
        "现在的内容：大家重新签。没有新登记时不变",
    ),
    ("Take a draft back", "撤回草稿"),
    ("Nobody is asked to sign it any more", "不再请任何人签"),
    ("Why a draft is taken back.", "为什么撤回。"),
    (
        "For the others to read; at most 200 characters.",
        "给其他人看的原因，最多 200 字。",
    ),
    (
        "Hand in a public document at the desk",
        "在工作台上交公开材料",
    ),
    (
        "Hand in a private document at the desk",
        "在工作台上交不公开的材料",
    ),
    ("Ask to be enrolled", "申请入册"),
    (
        "The code by which members of the ledger find it, for seven days",
        "登记码：七天内账本成员凭它查到申请",
    ),
    (
        "What a newcomer reads to a founder.",
        "新成员念给老成员听的登记码。",
    ),
    (
        "80 bits of the hash of what is asked, in Crockford's base 32.",
        "申请内容散列的前 80 位，Crockford 的三十二进制。",
    ),
    ("What somebody asks to be enrolled as.", "入册申请。"),
    ("What they are called.", "姓名或名称。"),
    ("The member id that they would have.", "将用的成员代号。"),
    (
        "Their verifier key, as signed-note has it.",
        "公钥，写法见 signed-note。",
    ),
    (
        "The bare Ed25519 signature over the enrolment text, in base64.",
        "对申请文本的 Ed25519 签名，base64。",
    ),
    ("Who asks to be enrolled by a code", "凭登记码查申请"),
    ("The code, however it is typed", "登记码，大小写和横线不拘"),
    (
        "What was asked: whoever enrols by it computes the code again",
        "申请内容：办理入册的人应重算一遍登记码",
    ),
    ("What can be recorded now", "现在可以登记什么"),
    ("The form of one kind of event", "一种事项的登记表"),
    ("The kind of event", "事项"),
    ("The form", "登记表"),
    (
        "No such kind, transaction or concern",
        "没有这种事项、这笔交易或这条意见",
    ),
    ("Nobody is signed in", "没有登录"),
    ("Read what was typed into a form", "读取表里填写的内容"),
    (
        "`kind`, `transaction` or `concern`, and `typed`: the form's fields as text",
        "`kind`、`transaction` 或 `concern`，以及 `typed`：表里各项的文字",
    ),
    (
        "The body as far as it could be read, the faults at their fields, what is missing, amounts as they were understood, and what votes need",
        "读出的内容、各处的错误、还没填的、金额的读法和表决所需票数",
    ),
    ("No form", "不是一张表"),
    (
        "What waits for whoever is signed in",
        "我的工作台：等登录者办的事",
    ),
    (
        "Those that wait and those that ended lately, the oldest first; to browsers as a page",
        "等签名的和最近了结的，从早到晚；浏览器得到的是网页",
    ),
    ("A draft, to be read and signed", "一份草稿，供查看和签名"),
    ("No such draft", "没有这份草稿"),
    (
        "What is to be published or posted",
        "要公开的内容，和还要张贴的渠道",
    ),
    ("What it says first, in a few words.", "开头几项的内容。"),
];
